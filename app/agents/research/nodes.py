"""The steps of research up to what is known: open, clarify, plan, search, assess. One model call a step."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime
from langgraph.types import interrupt
from pydantic import BaseModel, Field, TypeAdapter

from app.agents.base import Context
from app.agents.research.budget import STOPPED, UNANSWERED, measure_call, tokens_left
from app.agents.research.documents import Known, know_document
from app.agents.research.packing import pack
from app.agents.research.prompts import (
    ASSESS_TASK,
    CLARIFY_TASK,
    MAX_STEPS,
    PLAN_TASK,
    Assessment,
    AssessRequest,
    Clarify,
    GivenFinding,
    Plan,
    PlanRequest,
)
from app.agents.research.questions import Reading, read_question
from app.agents.research.schemas import Finding, PlanStep, ResearchInput
from app.agents.research.searches import first_orders, further_orders, thread_order
from app.agents.research.state import ResearchState, SearchOrder
from app.agents.research.thread import LAST_TURNS, Turn, known_entries, read_turns
from app.db import Json

KNOWN = TypeAdapter(list[Known])
ASSESS_TOKENS = {"answer": 2400, "report": 6000}
WRITE_RESERVE = {"answer": 3000, "report": 12_000}


class Reply(BaseModel):
    """What a person answers to a question back."""

    answer: str = Field(max_length=2000)


class Approval(BaseModel):
    """A plan as a person wants it: kept as it is, or with these sub-questions instead."""

    approved: bool = True
    steps: list[PlanStep] | None = Field(None, max_length=12)


async def open_question(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Find the collections and the documents in them."""
    asked = ResearchInput.model_validate(state["input"])
    knowledge = runtime.context.knowledge
    collections = await knowledge.resolve_collections(asked.collection_names)
    views = [d for d in await knowledge.list_documents(collections) if d.version > 0]
    wanted = [d for d in views if not asked.document_ids or d.id in asked.document_ids]
    known = [know_document(d.id, filename=d.filename, title=d.title, card=d.card) for d in wanted]
    turns = read_turns(await runtime.context.list_earlier())
    if turns:
        _say_recalled(runtime.context, turns)
    return {
        "question": asked.question,
        "turns": [t.model_dump(mode="json") for t in turns],
        "collection_ids": [str(i) for i in collections],
        "documents": KNOWN.dump_python(known, mode="json"),
        "rounds": 0,
    }


async def clarify(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Decide whether the person must be asked what they mean."""
    request = Clarify(question=state["question"], documents=read_documents(state), turns=last_turns(state))
    try:
        answer = await runtime.context.run(CLARIFY_TASK, request)
    except UNANSWERED:
        return {"clarifying": ""}
    return {"clarifying": answer.question, "spent": {"clarify": measure_call(CLARIFY_TASK, request, answer)}}


async def ask_person(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Wait for what the person means."""
    given = interrupt({"kind": "clarify", "question": state["clarifying"]}, response_schema=Reply)
    reply = Reply.model_validate(given if isinstance(given, dict | Reply) else {"answer": str(given)})
    meant = f" ({reply.answer.strip()})" if reply.answer.strip() else ""
    return {"question": f"{state['question']}{meant}", "clarifying": ""}


async def plan(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Split the question into sub-questions; one that gave none is its own only sub-question."""
    asked = ResearchInput.model_validate(state["input"])
    request = PlanRequest(
        question=state["question"], format=asked.format, documents=read_documents(state), turns=last_turns(state)
    )
    try:
        answer = await runtime.context.run(PLAN_TASK, request)
        spent = {"plan": measure_call(PLAN_TASK, request, answer)}
    except UNANSWERED:
        answer, spent = Plan(), {}
    steps = _number(
        [s for s in answer.steps if s.question.strip()][:MAX_STEPS] or [PlanStep(question=state["question"])]
    )
    if not asked.interactive:
        _say_planned(runtime.context, steps)
    return {**_planned(steps), "spent": spent}


async def approve_plan(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Wait for the person to approve the plan or to give another."""
    shown = [state["steps"][i] for i in state["order"]]
    given = interrupt({"kind": "approve_plan", "plan": shown}, response_schema=Approval)
    approval = Approval.model_validate(given if isinstance(given, dict | Approval) else {})
    steps = _number([s for s in approval.steps or [] if s.question.strip()]) or read_steps(state)
    _say_planned(runtime.context, steps)
    return _planned(steps)


async def order_searches(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Choose the first searches: in a thread, first of all among what it has found."""
    if state.get("turns"):
        orders = [thread_order(step) for step in read_steps(state) if not step.formula]
        return {"queue": _fresh(orders, state), "rounds": 0}
    return {"queue": _fresh(_first_orders(state, read_steps(state)), state), "rounds": 1}


async def assess(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Judge each sub-question by the findings, and order what is still worth searching."""
    context, round = runtime.context, state["rounds"]
    request = _assess_request(state)
    if not request.findings and round > 1:
        return {"queue": [], "stopped_by": "nothing found"}
    if _over_budget(state, request):
        return {"queue": [], "stopped_by": "tokens"}
    try:
        answer = await context.run(ASSESS_TASK, request)
    except UNANSWERED as reason:
        return {"queue": [], "stopped_by": STOPPED[reason.code]}
    steps = _judged(request, answer)
    context.emit("research.assessed", key=f"assessed:{round}", round=round, steps=[s.model_dump() for s in steps])
    queue, stopped = _next_searches(state, answer, steps)
    return {
        "steps": {s.id: s.model_dump(mode="json") for s in steps},
        "useful": {f"{a.step}:{round}": {"ids": _entry_ids(request, a.useful)} for a in answer.steps},
        "queue": queue,
        "rounds": round + 1 if queue else round,
        "spent": {f"assess:{round}": measure_call(ASSESS_TASK, request, answer)},
        "stopped_by": stopped,
    }


def last_turns(state: ResearchState) -> list[Turn]:
    """Return the turns before this one that a task is told of."""
    return [Turn.model_validate(t) for t in state.get("turns", [])][-LAST_TURNS:]


def read_documents(state: Mapping[str, Any]) -> list[Known]:
    """Return the documents of the state."""
    return KNOWN.validate_python(state["documents"])


def read_steps(state: Mapping[str, Any]) -> list[PlanStep]:
    """Return the plan's steps in order."""
    return [PlanStep.model_validate(state["steps"][i]) for i in state["order"]]


def read_findings(state: Mapping[str, Any]) -> list[Finding]:
    """Return all findings so far, best first."""
    found = [Finding.model_validate(f) for f in state.get("findings", {}).values()]
    return sorted(found, key=lambda f: (-f.score, str(f.entry_id)))


def give(findings: Sequence[Finding], documents: Sequence[Known]) -> list[GivenFinding]:
    """Return findings as a task takes them, each with its document."""
    by_id: dict[UUID, Known] = {d.id: d for d in documents}
    return [
        GivenFinding(id=f.id, finding=f, document=by_id.get(f.document_id) if f.document_id else None) for f in findings
    ]


def _number(steps: Sequence[PlanStep]) -> list[PlanStep]:
    return [s.model_copy(update={"id": f"q{n}", "status": "missing"}) for n, s in enumerate(steps, start=1)]


def _planned(steps: Sequence[PlanStep]) -> Json:
    return {"steps": {s.id: s.model_dump(mode="json") for s in steps}, "order": [s.id for s in steps]}


def _say_recalled(context: Context, turns: Sequence[Turn]) -> None:
    questions = [t.question for t in turns]
    context.emit("research.recalled", key="recalled", questions=questions, findings=len(known_entries(turns)))


def _say_planned(context: Context, steps: Sequence[PlanStep]) -> None:
    context.emit("research.planned", key="planned", plan=[s.model_dump(mode="json") for s in steps])


def _fresh(orders: Sequence[SearchOrder], state: ResearchState) -> list[SearchOrder]:
    done = state.get("searched", {})
    left = ResearchInput.model_validate(state["input"]).cap("searches") - len(done)
    new = {o["key"]: o for o in orders if o["key"] not in done}
    return list(new.values())[: max(0, left)]


def _assess_request(state: ResearchState) -> AssessRequest:
    asked = ResearchInput.model_validate(state["input"])
    documents = read_documents(state)
    shown = pack(read_findings(state), tokens=ASSESS_TOKENS[asked.format], most=60)
    return AssessRequest(
        question=state["question"],
        steps=read_steps(state),
        findings=give(shown, documents),
        documents=documents,
        searched=state["rounds"] > 0,
    )


def _over_budget(state: ResearchState, request: AssessRequest) -> bool:
    asked = ResearchInput.model_validate(state["input"])
    needed: int = measure_call(ASSESS_TASK, request, Assessment())["prompt"] + ASSESS_TASK.max_output_tokens
    return tokens_left(state, asked) < needed + WRITE_RESERVE[asked.format]


def _judged(request: AssessRequest, answer: Assessment) -> list[PlanStep]:
    status = {a.step: a.status for a in answer.steps}
    return [s.model_copy(update={"status": status.get(s.id, s.status)}) for s in request.steps]


def _entry_ids(request: AssessRequest, short: Sequence[str]) -> list[str]:
    by_id = {g.id: str(g.finding.entry_id) for g in request.findings}
    return [by_id[i] for i in short if i in by_id]


def _next_searches(
    state: ResearchState, answer: Assessment, steps: Sequence[PlanStep]
) -> tuple[list[SearchOrder], str]:
    asked = ResearchInput.model_validate(state["input"])
    open_steps = [s for s in steps if s.status != "answered" and not s.formula]
    if not open_steps:
        return [], "answered"
    if state["rounds"] >= asked.rounds:
        return [], "rounds"
    orders = _further_orders(state, answer, open_steps) if state["rounds"] else _first_orders(state, open_steps)
    fresh = _fresh(orders, state)
    return fresh, "" if fresh else "nothing new to search"


def _first_orders(state: ResearchState, steps: Sequence[PlanStep]) -> list[SearchOrder]:
    documents = read_documents(state)
    looked_up = (step for step in steps if not step.formula)
    return [o for step in looked_up for o in first_orders(step, read_question(step.question, documents))]


def _further_orders(state: ResearchState, answer: Assessment, steps: Sequence[PlanStep]) -> list[SearchOrder]:
    documents = read_documents(state)
    terms = {a.step: a.terms[:3] for a in answer.steps}
    readings: list[tuple[PlanStep, Reading]] = [(s, read_question(s.question, documents)) for s in steps]
    return [o for s, r in readings for o in further_orders(s, r, terms.get(s.id, []))]
