"""What goes into a prompt: most value per token, nothing twice, within a cap."""

from collections.abc import Iterable, Sequence
from math import ceil

from app.agents.research.schemas import Finding
from app.agents.research.words import list_stems
from app.knowledge.figures import find_figures

SAME = 0.85
OVERHEAD = 14


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text takes: four characters each, a letter of other scripts one."""
    wide = sum(ord(c) > 0x2E80 for c in text)
    return ceil((len(text) - wide) / 4) + wide


def cost(finding: Finding) -> int:
    """Return about how many tokens a finding takes in a prompt, with its id and source."""
    return estimate_tokens(finding.text) + estimate_tokens(finding.filename) + OVERHEAD


def drop_doubles(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings without those that say the same again in the same document, the better one kept."""
    kept: list[tuple[Finding, frozenset[str], frozenset[str]]] = []
    for finding in sorted(findings, key=_rank):
        words = frozenset(list_stems(finding.text))
        numbers = frozenset(f.text for f in find_figures(finding.text))
        if not any(_same(finding, words, numbers, *other) for other in kept):
            kept.append((finding, words, numbers))
    return [finding for finding, _, _ in kept]


def pack(findings: Sequence[Finding], *, tokens: int, most: int = 40) -> list[Finding]:
    """Return the findings to give a writer, best first, with short ids F1, F2 …; every sub-question and document gets
    its best one before any gets a second."""
    single = drop_doubles(findings)
    first: dict[tuple[str, str], Finding] = {}
    for finding in single:
        for step in finding.sub_questions or [""]:
            first.setdefault((step, finding.filename), finding)
    leading = {f.entry_id: f for f in first.values()}
    rest = sorted((f for f in single if f.entry_id not in leading), key=lambda f: (-f.score / cost(f), str(f.entry_id)))
    chosen = _within([*sorted(leading.values(), key=_rank), *rest], tokens, most)
    return [f.model_copy(update={"id": f"F{n}"}) for n, f in enumerate(sorted(chosen, key=_rank), start=1)]


def _within(ordered: Iterable[Finding], tokens: int, most: int) -> list[Finding]:
    chosen: list[Finding] = []
    left = tokens
    for finding in ordered:
        if len(chosen) < most and cost(finding) <= left:
            chosen.append(finding)
            left -= cost(finding)
    return chosen


def _rank(finding: Finding) -> tuple[float, str]:
    return -finding.score, str(finding.entry_id)


def _same(
    finding: Finding,
    words: frozenset[str],
    numbers: frozenset[str],
    other: Finding,
    theirs: frozenset[str],
    shown: frozenset[str],
) -> bool:
    if other.document_id != finding.document_id or numbers != shown or not words or not theirs:
        return False
    return len(words & theirs) / len(words | theirs) >= SAME
