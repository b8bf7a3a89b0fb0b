"""What a report adds in code: figures side by side, points that several documents share, points of one alone."""

from collections.abc import Iterable, Sequence

from app.agents.research.compute import name_slot, read_figure, show_period
from app.agents.research.schemas import Finding
from app.agents.research.sentences import end_sentence
from app.agents.research.slots import Slot
from app.agents.research.words import content_stems
from app.knowledge.figures import find_figures

FIGURES, SHARED, UNIQUE = "Figures side by side", "What several documents say", "What only one document says"
ALIKE = 0.6
"""Share of the words of two sentences that must be the same for them to make one point."""
MOST_SHARED, MOST_OF_ONE = 8, 3


def build_table(slots: Sequence[Slot]) -> str:
    """Return a Markdown table, a row a period and a column a measure of an entity; empty for less than two figures."""
    cells = {
        (slot.period, name_slot(slot)): f"{figure.text} [{slot.finding.id}]"
        for slot in slots
        if (figure := read_figure(slot))
    }
    if len(cells) < 2:
        return ""
    periods = sorted({period for period, _ in cells}, key=lambda p: (p.end.isoformat() if p.end else p.form, p.form))
    names = list(dict.fromkeys(name for _, name in cells))
    head = _row(["Period", *names]) + "\n" + "|---" * (len(names) + 1) + "|"
    rows = [_row([show_period(period), *(cells.get((period, name), "–") for name in names)]) for period in periods]
    return "\n".join([head, *rows])


def list_points(findings: Iterable[Finding]) -> tuple[str, str]:
    """Return what several documents say and what one alone says, as Markdown lists; empty for a single document."""
    found = list(findings)
    if len({f.filename for f in found}) < 2:
        return "", ""
    clusters = _cluster(found)
    shared = [c for c in clusters if len({f.filename for f in c}) > 1]
    alone = [c[0] for c in clusters if len({f.filename for f in c}) == 1]
    lines = [f"- {end_sentence(c[0].text)} [{', '.join(f.id for f in _one_each(c))}]" for c in shared[:MOST_SHARED]]
    return "\n".join(lines), _by_document(alone) if lines else ""


def _cluster(findings: Sequence[Finding]) -> list[list[Finding]]:
    clusters: list[tuple[frozenset[str], list[Finding]]] = []
    for finding in findings:
        point = _point(finding)
        home = next((c for other, c in clusters if _is_one(point, other)), None)
        if home is None:
            clusters.append((point, [finding]))
        else:
            home.append(finding)
    return [members for _, members in clusters]


def _point(finding: Finding) -> frozenset[str]:
    """Return the words and figures a sentence makes its point with."""
    figures = (f"={f.value}" for f in find_figures(finding.text) if f.kind != "year")
    return frozenset([*content_stems(finding.text), *figures])


def _is_one(point: frozenset[str], other: frozenset[str]) -> bool:
    figures = {w for w in point ^ other if w.startswith("=")}
    return not figures and len(point & other) >= ALIKE * len(point | other)


def _one_each(cluster: Sequence[Finding]) -> list[Finding]:
    return list({f.filename: f for f in reversed(cluster)}.values())[::-1]


def _by_document(findings: Sequence[Finding]) -> str:
    by_name: dict[str, list[Finding]] = {}
    for finding in findings:
        by_name.setdefault(finding.filename, []).append(finding)
    parts = []
    for name in sorted(by_name):
        lines = [f"- {end_sentence(f.text)} [{f.id}]" for f in by_name[name][:MOST_OF_ONE]]
        parts.append(f"**{name}**:\n\n" + "\n".join(lines))
    return "\n\n".join(parts)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
