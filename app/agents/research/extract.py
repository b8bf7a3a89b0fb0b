"""Text made of what was found, word for word: computed figures first, then findings in groups."""

from collections.abc import Iterator, Sequence

from app.agents.research.citations import list_ids
from app.agents.research.prompts import GivenFinding, WriteRequest
from app.agents.research.questions import Reading, read_question
from app.agents.research.relevance import ENOUGH, gives_reason, relevance
from app.agents.research.schemas import PlanStep
from app.agents.research.sentences import end_sentence, split_pieces
from app.agents.research.slots import measure_fit

MOST = {"answer": 14, "report": 24}
BESIDE = 8


def write_extract(request: WriteRequest) -> str:
    """Return a Markdown text of computed sentences and cited findings, none twice; empty when nothing answers."""
    used: set[str] = set()
    parts = [_write_step(request, step, used) for step in request.steps]
    return "\n\n".join(part for part in parts if part)


def _write_step(request: WriteRequest, step: PlanStep, used: set[str]) -> str:
    known = request.computed.get(step.id, [])
    computed = [line for line in known if line not in used and not _is_told(line, used)]
    used |= set(computed)
    mine = [g for g in request.findings if step.id in g.finding.sub_questions and g.id not in used]
    reading = read_question(step.question, [g.document for g in request.findings if g.document])
    mine = [g for g in mine if not any(g.id in list_ids(line) for line in known)]
    if known and reading.kind == "figure":
        mine = []
    if known:
        mine = [g for g in mine if not measures(reading, g) and relevance(reading, g.finding, g.document) >= ENOUGH]
        mine = sorted(mine, key=lambda g: not gives_reason(g.finding.text))
    shown = mine[: MOST[request.format] if not known else BESIDE]
    used |= {g.id for g in shown}
    return "\n\n".join(filter(None, ("\n".join(_listed(computed)), "\n".join(_grouped(shown, request, used)))))


def _is_told(line: str, used: set[str]) -> bool:
    """Tell whether a computed line is one finding's sentence, and that is in the text already."""
    ids = list_ids(line)
    return len(ids) == 1 and ids[0] in used


def measures(reading: Reading, given: GivenFinding) -> bool:
    """Tell whether a finding is only one more figure of what is asked."""
    return bool(given.finding.facts) and any(measure_fit(reading, fact) > 0 for fact in given.finding.facts)


def _listed(lines: Sequence[str]) -> Iterator[str]:
    if len(lines) == 1:
        yield lines[0]
        return
    yield from (line if line.startswith(("|", "\n")) else f"- {line}" for line in lines)


def _grouped(findings: Sequence[GivenFinding], request: WriteRequest, used: set[str]) -> Iterator[str]:
    groups: dict[str, list[GivenFinding]] = {}
    several = len({g.finding.filename for g in findings}) > 1
    for given in findings:
        name = given.finding.filename if several else request.groups.get(given.id, "")
        groups.setdefault(name, []).append(given)
    single = len(groups) == 1
    for name, members in sorted(groups.items(), key=lambda group: bool(group[0])):
        if name and not single:
            yield f"\n**{name}**:\n"
        yield from (f"- {said}" for g in members if (said := _cited(g, used)))


def _cited(given: GivenFinding, used: set[str]) -> str:
    """Return the sentences of a finding that its document has not been heard to say yet, each with its citation."""
    said = {
        f"{given.finding.filename}: {piece.text}": piece.text
        for piece in split_pieces(end_sentence(given.finding.text))
    }
    fresh = [text for key, text in said.items() if key not in used]
    used |= set(said)
    return " ".join(f"{text} [{given.id}]" for text in fresh)
