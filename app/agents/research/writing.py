"""The steps from findings to a checked text: pack, write, check, repair, finish. One model call a step."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime

from app.agents.base import Context
from app.agents.research.arithmetic import list_names
from app.agents.research.budget import UNANSWERED, measure_call, tokens_left
from app.agents.research.citations import Given, find_problems, list_ids, render_citations, settle
from app.agents.research.comparison import FIGURES, SHARED, UNIQUE, build_table, list_points
from app.agents.research.compute import say_figures, say_formula
from app.agents.research.contradictions import add_open, find_contradictions
from app.agents.research.documents import Known
from app.agents.research.extract import write_extract
from app.agents.research.gaps import list_gaps
from app.agents.research.nodes import give, read_documents, read_findings, read_steps
from app.agents.research.packing import pack
from app.agents.research.prompts import REPAIR_TASK, WRITE_TASK, Draft, RepairRequest, WriteRequest
from app.agents.research.questions import read_question
from app.agents.research.relevance import ENOUGH, missing_names, relevance
from app.agents.research.schemas import Finding, PlanStep, ResearchInput
from app.agents.research.slots import Slot, choose_slots, find_slots
from app.agents.research.state import ResearchState, SectionWork
from app.db import Json
from app.knowledge.claims.types import Slot as ClaimSlot

PACK_TOKENS = {"answer": 3000, "report": 18_000}
PACK_MOST = {"answer": 40, "report": 80}
GROUPED = 16
HEADING = 80
"""Characters of a concept's name that can stand as a heading."""
REPAIR_FINDINGS = 12
Documents = Mapping[UUID, Known]


async def pack_findings(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Choose what the text may rest on, compute what can be computed, and set contradictions side by side."""
    asked = ResearchInput.model_validate(state["input"])
    known = read_documents(state)
    documents = {d.id: d for d in known}
    steps = read_steps(state)
    useful = _useful(state, steps, documents)
    chosen = {s.id: _slots(s, useful, documents) for s in steps}
    first = {slot.finding.entry_id for slots in chosen.values() for slot in slots}
    raised = [f.model_copy(update={"score": f.score + 2}) if f.entry_id in first else f for f in useful]
    room = min(PACK_TOKENS[asked.format], max(600, tokens_left(state, asked) - 2500))
    packed = pack(raised, tokens=room, most=PACK_MOST[asked.format])
    short = {f.entry_id: f for f in packed}
    slots = {s: _with_ids(slots, short) for s, slots in chosen.items()}
    computed = {s: say_figures(mine) for s, mine in slots.items() if mine}
    computed |= {s.id: say_formula(s.question, s.formula, slots) for s in steps if s.formula}
    disputed = await runtime.context.knowledge.list_discrepancies(entry_ids=list(short)) if short else []
    return {
        "packed": [f.model_dump(mode="json") for f in packed],
        "computed": {s: lines for s, lines in computed.items() if lines},
        "groups": await _group(packed, runtime.context),
        "contradictions": [
            c.model_dump(mode="json") for c in add_open(find_contradictions(packed, documents), disputed, packed)
        ],
        "gaps": {s.id: list_gaps(read_question(s.question, known), slots[s.id], documents) for s in steps},
        "sections": _added_sections(asked, [s for mine in slots.values() for s in mine], packed),
    }


async def write(state: SectionWork, runtime: Runtime[Context]) -> Json:
    """Write one section from its findings; without tokens left for a model, word for word from them."""
    request = _request(state)
    id, draft = state["id"], await _draft(state, request, runtime.context)
    spent = {} if draft is None else {f"write:{id}": measure_call(WRITE_TASK, request, draft)}
    text = write_extract(request) if draft is None else draft.text
    given = read_given(state["state"])
    if not find_problems(text, given):
        say_written(runtime.context, id, state["title"], text, given)
    return {"sections": {id: {"title": state["title"], "text": text}}, "spent": spent}


async def check(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Find what in the sections does not hold."""
    given = read_given(state)
    failing: dict[str, list[list[str]]] = {}
    for id, section in state["sections"].items():
        problems = find_problems(section["text"], given)
        if problems:
            failing[id] = [[p.piece.text, p.reason] for p in problems]
    count = sum(map(len, failing.values()))
    turn = 2 if state.get("repaired") else 1
    runtime.context.emit("research.checked", key=f"checked:{turn}", failed=count)
    return {"failing": failing, "rejected": state.get("rejected", 0) + (count if turn == 1 else 0)}


async def repair(state: SectionWork, runtime: Runtime[Context]) -> Json:
    """Let the writer correct what failed, once, where tokens are left for it; what still fails is taken out later."""
    request = _repair_request(state)
    id, asked = state["id"], ResearchInput.model_validate(state["state"]["input"])
    if measure_call(REPAIR_TASK, request, Draft(text=request.draft))["prompt"] > tokens_left(state["state"], asked):
        return {"repaired": True}
    try:
        draft = await runtime.context.run(REPAIR_TASK, request)
    except UNANSWERED:
        return {"repaired": True}
    spent = {f"repair:{id}": measure_call(REPAIR_TASK, request, draft)}
    given = read_given(state["state"])
    say_written(runtime.context, id, state["title"], settle(draft.text, given).text, given)
    return {"sections": {id: {"title": state["title"], "text": draft.text}}, "spent": spent, "repaired": True}


def say_written(context: Context, id: str, title: str, text: str, given: Mapping[str, Given]) -> None:
    """Tell of a section that holds, once, with its citations as a reader sees them."""
    if list_ids(text):
        shown = render_citations(text, given)
        context.emit("research.section_written", key=f"section:{id}", section=id, title=title, text=shown)


def _added_sections(asked: ResearchInput, slots: Sequence[Slot], packed: Sequence[Finding]) -> Json:
    """Return the sections that code adds to a report."""
    if asked.format != "report":
        return {}
    shared, unique = list_points(f for f in packed if not f.facts)
    parts = ((FIGURES, build_table(slots)), (SHARED, shared), (UNIQUE, unique))
    return {f"x{n}": {"title": title, "text": text} for n, (title, text) in enumerate(parts, 1) if text}


def _repair_request(work: SectionWork) -> RepairRequest:
    packed = [Finding.model_validate(f) for f in work["state"]["packed"]]
    cited = set(list_ids(work["draft"]))
    near = [f for n, f in enumerate(packed) if f.id in cited or n < REPAIR_FINDINGS]
    return RepairRequest(
        draft=work["draft"],
        problems=[(text, reason) for text, reason in work["problems"]],
        findings=give(near, read_documents(work["state"])),
    )


def read_given(state: Mapping[str, Any]) -> dict[str, Given]:
    """Return what may be cited, by short id."""
    documents = {d.id: d for d in read_documents(state)}
    packed = [Finding.model_validate(f) for f in state.get("packed", [])]
    return {f.id: _given(f, documents.get(f.document_id) if f.document_id else None) for f in packed}


def sections_of(state: ResearchState) -> list[SectionWork]:
    """Return the sections to write: one for an answer, one a sub-question that has findings for a report."""
    asked = ResearchInput.model_validate(state["input"])
    steps = _told_steps(state)
    shared: Json = {key: state.get(key) for key in SECTION_STATE}
    if asked.format == "answer":
        return [_section("answer", state["question"], steps, shared)] if steps else []
    return [_section(s.id, s.question, [s], shared) for s in steps]


def _told_steps(state: ResearchState) -> list[PlanStep]:
    """Return the sub-questions to write about; the terms of a formula are told by it where it could be computed."""
    steps = read_steps(state)
    terms = {name for s in steps if s.id in state["computed"] for name in list_names(s.formula)}
    found = {id for f in state["packed"] for id in f["sub_questions"]} | set(state["computed"])
    return [s for s in steps if s.id in found and s.id not in terms]


def settle_section(text: str, given: Mapping[str, Given]) -> tuple[str, list[Json], int]:
    """Return a section's text that holds, what was taken out, and how many ids were."""
    settled = settle(text, given)
    removed = [{"text": p.piece.text, "reason": p.reason} for p in settled.removed]
    return settled.text, removed, settled.corrected


SECTION_STATE = ("input", "question", "documents", "packed", "computed", "groups", "spent")


def _section(id: str, title: str, steps: Sequence[PlanStep], shared: Json) -> SectionWork:
    dumped = [s.model_dump(mode="json") for s in steps]
    return SectionWork(id=id, title=title, steps=dumped, state=shared, draft="", problems=[])


def _request(work: SectionWork) -> WriteRequest:
    state = work["state"]
    steps = [PlanStep.model_validate(s) for s in work["steps"]]
    ids = {s.id for s in steps} | {name for s in steps for name in list_names(s.formula)}
    packed = [Finding.model_validate(f) for f in state["packed"]]
    return WriteRequest(
        question=state["question"],
        format=state["input"].get("format", "answer"),
        title=work["title"],
        steps=steps,
        findings=give([f for f in packed if ids & set(f.sub_questions)], read_documents(state)),
        computed={s: lines for s, lines in state["computed"].items() if s in ids},
        groups=state["groups"],
    )


async def _draft(work: SectionWork, request: WriteRequest, context: Context) -> Draft | None:
    """Return what the model writes, None when the run's budget has no room for it."""
    if not _affordable(work, request):
        return None
    try:
        return await context.run(WRITE_TASK, request, on_delta=lambda text: context.delta(text, section=work["id"]))
    except UNANSWERED:
        return None


def _affordable(work: SectionWork, request: WriteRequest) -> bool:
    asked = ResearchInput.model_validate(work["state"]["input"])
    return int(measure_call(WRITE_TASK, request, Draft())["prompt"]) + 300 <= tokens_left(work["state"], asked)


def _useful(state: ResearchState, steps: Sequence[PlanStep], documents: Documents) -> list[Finding]:
    """Return the findings judged useful; where nothing was judged, those that share enough words."""
    found = [f for f in read_findings(state) if f.level != "recollection"]
    missing = missing_names(read_question(state["question"], list(documents.values())), found, documents)
    if missing:
        return []
    judged: dict[str, set[str]] = {}
    for key, entry in state.get("useful", {}).items():
        judged.setdefault(key.split(":")[0], set()).update(entry["ids"])
    kept = (_of_steps(f, steps, judged, documents) for f in found)
    return [f for f in kept if f.sub_questions]


def _of_steps(
    finding: Finding, steps: Sequence[PlanStep], judged: Mapping[str, set[str]], documents: Documents
) -> Finding:
    """Return a finding with the sub-questions it was judged to help with, or is near to where nothing was judged."""
    helped = [id for id, entries in judged.items() if str(finding.entry_id) in entries]
    near = [s.id for s in steps if s.id not in judged and _near(finding, [s], documents)]
    return finding.model_copy(update={"sub_questions": sorted({*helped, *near})})


def _near(finding: Finding, steps: Sequence[PlanStep], documents: Documents) -> bool:
    document = documents.get(finding.document_id) if finding.document_id else None
    readings = (read_question(s.question, list(documents.values())) for s in steps if s.id in finding.sub_questions)
    return any(relevance(reading, finding, document) >= ENOUGH for reading in readings)


def _slots(step: PlanStep, findings: Sequence[Finding], documents: Documents) -> list[Slot]:
    reading = read_question(step.question, list(documents.values()))
    if reading.kind == "collection":
        return []
    mine = [f for f in findings if step.id in f.sub_questions]
    return choose_slots(reading, find_slots(reading, mine, documents), documents)


def _with_ids(slots: Sequence[Slot], short: Mapping[UUID, Finding]) -> list[Slot]:
    return [
        Slot(
            finding=short[s.finding.entry_id],
            value=s.value,
            period=s.period,
            measure_fit=s.measure_fit,
            period_fit=s.period_fit,
        )
        for s in slots
        if s.finding.entry_id in short
    ]


async def _group(packed: Sequence[Finding], context: Context) -> dict[str, str]:
    """Return the concept each of the first findings belongs to, by short id."""
    groups = {}
    for finding in packed[:GROUPED]:
        above = await context.knowledge.list_linked(finding.entry_id, "dependants", limit=3)
        concept = next((e.text for e in above if e.level == "concept"), "")
        name = concept.split(":")[0].split(". ")[0].rstrip(".")
        if 0 < len(name) <= HEADING:
            groups[finding.id] = name
    return groups


def _given(finding: Finding, document: Known | None) -> Given:
    return Given(
        id=finding.id,
        text=finding.text,
        passage=finding.quote,
        context=document.context if document else finding.filename,
        pages=tuple(finding.pages),
        filename=finding.filename,
        slots=tuple(ClaimSlot(**fact.model_dump()) for fact in finding.facts),
    )
