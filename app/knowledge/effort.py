"""How far a search looks."""

from dataclasses import dataclass

SETTINGS = (
    "set_config('hnsw.ef_search', :ef_search, true), set_config('hnsw.iterative_scan', 'relaxed_order', true), "
    "set_config('hnsw.max_scan_tuples', '200000', true), set_config('plan_cache_mode', 'force_custom_plan', true), "
    "set_config('jit', 'off', true), set_config('work_mem', '32MB', true)"
)
"""A search's settings of its transaction, as columns of a select; `:ef_search` is text."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far a search looks: rows a leg gives, candidates scored, lexemes used, HNSW's width.

    At each level, lexemes find candidates while they have `postings` at most together; the rarest may have `rarest`.

    At or below `exact_below` matching entries all of them are compared. While at most `side_by_side` connections of the
    process are in use, both legs run at the same time, the second on a connection of its own.
    """

    depth: int = 100
    candidates: int = 300
    postings: int = 6_000
    rarest: int = 40_000
    lexemes: int = 24
    ef_search: int = 120
    exact_below: int = 5_000
    side_by_side: int = 1
