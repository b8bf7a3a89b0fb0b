"""The statements of a search: each leg, and their fusion, alone or in one.

BM25 after Robertson and Zaragoza (2009), with statistics per project and level; scores of different levels are
compared as shares of what the query could reach there. The rarest lexemes find the candidates, within a budget of
postings; the frequent ones only score them, so a frequent word never costs a scan. Shares are rounded, so that what
scores the same is tied however it was found.

Fusion by convex combination (Bruch, Gai and Ingber 2023) of each leg's score as a share of its best. Whatever one leg
found has its true score in the other. A leg counts by its weight over the spread of those shares: one that tells the
candidates apart less is not drowned by one that tells them apart more.
"""

from dataclasses import dataclass

from app.knowledge.scope import Scope

QUERY = """
stats as materialized (
    select level, entries::float8 as n, greatest(occurrences::float8 / entries, 1) as average
    from terms where project_id = :project and lexeme = '' and level = any(:levels) and entries > 0
),
known as materialized (
    select t.id, t.level, t.entries as df, s.average,
           ln(1 + (s.n - t.entries + 0.5) / (t.entries + 0.5)) as idf,
           row_number() over (partition by t.level order by t.entries, t.id) as rarity
    from terms t join stats s using (level)
    where t.project_id = :project and t.level = any(:levels) and t.lexeme = any(:lexemes) and t.entries > 0
),
reach as materialized (
    select s.level, greatest(coalesce(sum(k.idf), 0)
           + (:word_count - count(k.id)) * ln(1 + (s.n + 0.5) / 0.5), 1e-9) as highest
    from stats s left join known k using (level) group by s.level, s.n
),
query as materialized (
    select k.id, k.level, k.idf / r.highest as gain, :k1 * :b / k.average as slope,
           :exact or k.rarity = 1 and k.df <= :rarest
               or sum(k.df) over (partition by k.level order by k.rarity) <= :postings as finds
    from known k join reach r using (level) where k.rarity <= :max_lexemes
)"""

FOUND = """
found as {how} (
    select number, sum(gain * count / (count + :base + slope * length)) as share
    from (
        select q.gain, q.slope, unnest(p.numbers) as number, unnest(p.counts) as count, unnest(p.lengths) as length
        from query q join postings p on p.term_id = q.id {block_filter} where q.finds
    ) x group by number
)"""

SCORE = """(
    select coalesce(sum(q.gain * q.count / (q.count + :base + q.slope * {entry}.length)), 0) as share
    from (
        select q.gain, q.slope, {entry}.term_counts[array_position({entry}.term_ids, q.id)] as count
        from query q where q.level = {entry}.level {which} offset 0
    ) q where q.count is not null
)"""

CANDIDATES = """
candidates as materialized (
    select e.id, e.level, e.length, e.term_ids || '{{}}' as term_ids, e.term_counts || '{{}}' as term_counts, f.share
    from (select number, share from found order by round(share * 1e9) desc, number limit :candidates) f
    join entries e using (number)
    where e.project_id = :project {entry_filter}
),
scored as (
    select c.id, round((c.share + s.share) * 1e9) as share
    from candidates c cross join lateral {score} s where c.share + s.share > 0
)"""

MATCHING = """
matching as materialized (
    select e.id, e.number, e.document_id, e.level, e.length,
           case when e.embedding_model_id = {model_id}
                then e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension})) end as distance
    from entries e where e.project_id = :project and e.level = any(:levels) {entry_filter}
)"""

IN_MATCHING = """and (p.document_id = any(array(select distinct document_id from matching))
                     or p.entry_id = any(array(select id from matching where document_id is null)))"""

MATCHING_SCORED = """
scored as materialized (
    select m.id, round(f.share * 1e9) as share from found f join matching m using (number) where f.share > 0
)"""

LEXICAL = """
lexical as materialized (
    select id, share, row_number() over (order by share desc, id) as rank from scored order by rank limit :depth
)"""
NO_LEXICAL = """
lexical as (select cast(null as uuid) as id, cast(null as float8) as share, cast(null as bigint) as rank where false)"""
EXACT_LEXICAL = """
lexical as materialized (select id, share, row_number() over (order by share desc, id) as rank from scored)"""
GIVEN_LEXICAL = """
lexical as (
    select id, share, rank
    from unnest(cast(:lexical_ids as uuid[]), cast(:shares as float8[])) with ordinality as l (id, share, rank)
)"""

EXACT_VECTORS = """
nearest as (select id, distance from matching where distance is not null order by distance, id limit :depth)"""

LEVEL_VECTORS = """(
    select e.id, (e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))) + 0 as distance
    from entries e
    where e.level = '{level}' and e.embedding_model_id = {model_id} and e.project_id = :project {entry_filter}
    order by e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension})) limit :depth
)"""

VECTORS = """
vectors as (
    select id, row_number() over (order by distance, id) as rank from nearest order by rank limit :depth
)"""
NO_VECTORS = """
vectors as (select cast(null as uuid) as id, cast(null as bigint) as rank where false)"""
GIVEN_VECTORS = """
vectors as (select id, rank from unnest(cast(:vector_ids as uuid[])) with ordinality as v (id, rank))"""

LIKENESS = """case when e.embedding_model_id = {model_id}
                then greatest(1 - (e.embedding::halfvec({dimension}) <=> cast(:vector as halfvec({dimension}))), 0)
                else 0 end"""
NO_LIKENESS = "cast(0 as float8)"

FUSED = """
found_by as (
    select e.id, case when l.rank <= :depth then l.rank end as lexical_rank, v.rank as vector_rank,
           {share} as share, {likeness} as likeness,
           coalesce(cast(cast(:level_weights as jsonb) ->> e.level as float8), 1) as weight
    from lexical l full join vectors v using (id) join entries e using (id) {completion}
),
shares as (
    select id, lexical_rank, vector_rank, weight, share / greatest(max(share) over (), 1e-9) as share,
           likeness / greatest(max(likeness) over (), 1e-9) as likeness
    from found_by
),
legs as materialized (
    select lexical, vector,
           greatest((lexical + vector) / greatest(:lexical_weight + :vector_weight, 1e-9), 1e-9) as both
    from (
        select :lexical_weight / greatest(stddev_pop(share), {least_spread}) as lexical,
               :vector_weight / greatest(stddev_pop(likeness), {least_spread}) as vector
        from shares
    ) x
),
best as (
    select s.id, s.lexical_rank, s.vector_rank,
           round(s.weight * (l.lexical * s.share + l.vector * s.likeness) / l.both * 1e9) / 1e9 as score
    from shares s cross join legs l order by score desc, s.id limit :limit
)
select e.id, e.level, e.text, e.document_id, e.collection_id, e.pages, e.grounding, e.facts, e.evidence,
       e.metadata as meta, d.filename, b.lexical_rank, b.vector_rank, b.score
from best b join entries e using (id) left join documents d on d.id = e.document_id
order by b.score desc, e.id
"""
LEAST_SPREAD = 0.02
"""Shares whose standard deviation is less are taken for equal: noise is not blown up to a leg's weight."""

EXACT_COMPLETION = "where l.rank <= :depth or v.rank is not null"
SCORED_SHARE = "coalesce(l.share, round(m.share * 1e9))"
SCORED_COMPLETION = (
    """
    cross join lateral (
        select e.level, e.length, case when l.id is null then e.term_ids || '{}' end as term_ids,
               case when l.id is null then e.term_counts || '{}' end as term_counts
        offset 0
    ) t cross join lateral """
    + SCORE.format(entry="t", which="and l.id is null")
    + " m"
)


@dataclass(frozen=True, kw_only=True)
class Legs:
    """Which legs a search has."""

    lexical: bool
    vector: bool

    @property
    def both(self) -> bool:
        """Whether neither is missing."""
        return self.lexical and self.vector


def build_exact(scope: Scope) -> str:
    """Return the statement that compares every matching entry."""
    matching = MATCHING.format(entry_filter=scope.entry_filter, **_names(scope))
    found = FOUND.format(block_filter=IN_MATCHING, how="materialized")
    fused = _fuse(scope, completion=EXACT_COMPLETION)
    return _with(matching, QUERY, found, MATCHING_SCORED, EXACT_LEXICAL, EXACT_VECTORS, VECTORS, fused)


def build_indexed(scope: Scope, legs: Legs) -> str:
    """Return the statement that finds entries by the indexes; a leg that weighs nothing is left out."""
    return _with(
        *((QUERY, *_lexical(scope)) if legs.lexical else (NO_LEXICAL,)),
        *(_vectors(scope) if legs.vector else (NO_VECTORS,)),
        _fuse_scored(scope) if legs.both else _fuse(scope, likeness=None if legs.vector else NO_LIKENESS),
    )


def build_lexical(scope: Scope) -> str:
    """Return the statement of the lexical leg alone: ids and shares, best first."""
    return _with(QUERY, *_lexical(scope)) + " select id, share from lexical order by rank"


def build_vectors(scope: Scope) -> str:
    """Return the statement of the vector leg alone: ids, nearest first."""
    return _with(*_vectors(scope)) + " select id from vectors order by rank"


def build_fused(scope: Scope) -> str:
    """Return the statement that fuses what the legs alone gave."""
    return _with(QUERY, GIVEN_LEXICAL, GIVEN_VECTORS, _fuse_scored(scope))


def _lexical(scope: Scope) -> tuple[str, ...]:
    found = FOUND.format(block_filter=scope.block_filter, how="not materialized")
    score = SCORE.format(entry="c", which="and not q.finds")
    return found, CANDIDATES.format(entry_filter=scope.entry_filter, score=score), LEXICAL


def _vectors(scope: Scope) -> tuple[str, ...]:
    parts = [
        LEVEL_VECTORS.format(level=level, entry_filter=scope.entry_filter, **_names(scope))
        for level in scope.levels
        if scope.counts.get(level)
    ]
    return "\nnearest as materialized (" + " union all ".join(parts) + ")", VECTORS


def _fuse_scored(scope: Scope) -> str:
    return _fuse(scope, share=SCORED_SHARE, completion=SCORED_COMPLETION)


def _fuse(
    scope: Scope, *, share: str = "coalesce(l.share, 0)", completion: str = "", likeness: str | None = None
) -> str:
    return FUSED.format(
        share=share,
        completion=completion,
        likeness=likeness or LIKENESS.format(**_names(scope)),
        least_spread=LEAST_SPREAD,
    )


def _names(scope: Scope) -> dict[str, int]:
    return {"model_id": scope.model_id, "dimension": scope.dimension}


def _with(*parts: str) -> str:
    return "with" + ",".join(parts)
