"""Research without a model: reads the question, judges findings by slots and words, writes what was found."""

from dataclasses import replace

from app.agents.research.arithmetic import shift_names
from app.agents.research.extract import write_extract
from app.agents.research.formulas import Formula, find_formula, plan_formula
from app.agents.research.prompts import (
    MAX_STEPS,
    Assessed,
    Assessment,
    AssessRequest,
    Clarification,
    Clarify,
    Draft,
    GivenFinding,
    Plan,
    PlanRequest,
    RepairRequest,
    WriteRequest,
)
from app.agents.research.questions import (
    Reading,
    frame_of,
    name_measures,
    read_question,
    spell_name,
    split_measures,
    split_question,
    strip_instructions,
)
from app.agents.research.relevance import ENOUGH, missing_names, relevance
from app.agents.research.schemas import PlanStep
from app.agents.research.slots import find_slots, is_complete
from app.agents.research.thread import complete_question
from app.agents.research.words import core_name, covered
from app.llm.task import OfflineFunctions

MOST_BESIDE = 4
TOUCHING, TOGETHER = 0.2, 0.6
"""Shares of a question's words: what one finding must have, and all of them together."""


def clarify(request: Clarify) -> Clarification:
    """Ask whose figure is meant when several issuers are there and none is named."""
    question = complete_question(request.question, request.turns, request.documents)
    reading = read_question(question, request.documents)
    issuers = sorted({d.issuer for d in request.documents if core_name(d.issuer)})
    if reading.kind == "collection" or reading.issuers or reading.names or not 1 < len(issuers) <= 8:
        return Clarification()
    return Clarification(question=f"Which one do you mean: {', '.join(issuers)}, or all of them?")


def plan(request: PlanRequest) -> Plan:
    """Split a question at its own joints or into the figures of its formula, each part with the frame of the whole."""
    question = complete_question(request.question, request.turns, request.documents)
    reading = read_question(question, request.documents)
    frame = frame_of(question, reading.issuers)
    parts = [question] if _formula_of(question, reading) else split_question(question)
    if len(parts) == 1 and reading.kind in ("figure", "change"):
        parts = split_measures(question, reading)
    asked = [question] if len(parts) == 1 else [_framed(p, frame) for p in parts]
    steps: list[PlanStep] = []
    for text in asked:
        steps += _plan_part(text, read_question(text, request.documents), frame, after=len(steps))
    beside = [PlanStep(question=text, beside=True) for text in _figures_beside(question, reading, frame)]
    return Plan(steps=[*steps, *beside][:MAX_STEPS])


def _formula_of(question: str, reading: Reading) -> Formula | None:
    asks_figure = reading.kind in ("figure", "change")
    return find_formula(question, strip_instructions(question)) if asks_figure else None


def _plan_part(text: str, reading: Reading, frame: list[str], *, after: int) -> list[PlanStep]:
    """Return a part as one sub-question, or its formula and that one's terms, numbered on `after` the steps before."""
    formula = _formula_of(text, reading)
    if formula is None:
        return [PlanStep(question=text)]
    issuer = spell_name(reading.issuers[0], text) if reading.issuers else ""
    steps = plan_formula(text, formula, issuer, frame)
    return [s.model_copy(update={"formula": shift_names(s.formula, after)}) for s in steps]


def _figures_beside(question: str, reading: Reading, frame: list[str]) -> list[str]:
    """Return questions for the figures of what an open question is about, to be told beside the sentences."""
    if reading.kind != "open" or len(reading.issuers) != 1:
        return []
    whose = spell_name(reading.issuers[0], question)
    named = name_measures(question, reading)[:MOST_BESIDE]
    return [_framed(f"What was {whose}'s {measure}?", frame) for measure in named]


def assess(request: AssessRequest) -> Assessment:
    """Judge each sub-question by the slots its findings fill, else by the words they share."""
    return Assessment(steps=[_assess_step(request, step) for step in request.steps])


def write(request: WriteRequest) -> Draft:
    """Write computed figures and findings word for word."""
    return Draft(text=write_extract(request))


def repair(request: RepairRequest) -> Draft:
    """Return the draft as it is: what failed is word for word from findings, and is taken out and listed later."""
    return Draft(text=request.draft)


def _framed(part: str, frame: list[str]) -> str:
    missing = [words for words in frame if words.lower() not in part.lower()]
    return f"{part.rstrip(' ?')} ({', '.join(missing)})?" if missing else part


def _assess_step(request: AssessRequest, step: PlanStep) -> Assessed:
    reading = read_question(step.question, request.documents)
    mine = [g for g in request.findings if step.id in g.finding.sub_questions]
    documents = {d.id: d for d in request.documents}
    if reading.kind == "collection":
        return Assessed(step=step.id, status="answered" if mine else "missing", useful=[g.id for g in mine])
    if missing_names(reading, (g.finding for g in mine), documents):
        return Assessed(step=step.id, status="missing", terms=list(reading.names))
    slots = find_slots(reading, (g.finding for g in mine), documents)
    filled = {slot.finding.entry_id for slot in slots}
    helping = [g for g in mine if _helps(reading, g)] or _touching(reading, mine)
    useful = [g.id for g in mine if g.finding.entry_id in filled or g in helping]
    complete = is_complete(reading, slots, documents) or (useful and reading.kind == "open" and request.searched)
    status = "answered" if complete else "partly" if useful else "missing"
    return Assessed(step=step.id, status=status, useful=useful, terms=[" ".join(reading.measure)] if not useful else [])


def _touching(reading: Reading, findings: list[GivenFinding]) -> list[GivenFinding]:
    """Return what touches an open question about a known issuer, when together it has most of the question's words."""
    if reading.kind == "figure" or not reading.issuers:
        return []
    near = [(relevance(reading, g.finding, g.document), g) for g in findings]
    touching = [g for share, g in near if share >= TOUCHING]
    together = covered(reading.measure, " ".join(g.finding.text for g in touching))
    return touching if together >= TOGETHER else []


def _helps(reading: Reading, given: GivenFinding) -> bool:
    """Tell whether a finding has enough of the question; of a figure every word but those that only refine it."""
    if reading.kind != "figure":
        return relevance(reading, given.finding, given.document) >= ENOUGH
    asked = replace(reading, measure=tuple(s for s in reading.measure if s in reading.core))
    return relevance(asked, given.finding, given.document) >= 1.0


OFFLINE: OfflineFunctions = {
    "research.clarify": clarify,
    "research.plan": plan,
    "research.assess": assess,
    "research.write": write,
    "research.repair": repair,
}
