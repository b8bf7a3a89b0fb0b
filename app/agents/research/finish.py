"""The last step: citations rendered, what was removed listed, sources and follow-up questions added."""

from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.runtime import Runtime

from app.agents.base import Context
from app.agents.research.citations import Given, list_ids, render_citations
from app.agents.research.contradictions import touches
from app.agents.research.follow_ups import suggest_follow_ups
from app.agents.research.lessons import list_lessons
from app.agents.research.nodes import read_documents, read_steps
from app.agents.research.phrases import say_nothing_found
from app.agents.research.schemas import (
    Citation,
    Contradiction,
    Finding,
    NotSupported,
    PlanStep,
    ResearchInput,
    ResearchOutput,
    Source,
    Status,
    Usage,
)
from app.agents.research.state import ResearchState
from app.agents.research.thread import Turn, known_entries
from app.agents.research.writing import read_given, say_written, settle_section
from app.db import Json


async def finish(state: ResearchState, runtime: Runtime[Context]) -> Json:
    """Put the output together from what holds."""
    given = read_given(state)
    packed = [Finding.model_validate(f) for f in state.get("packed", [])]
    parts, removed, corrected = _settle_all(state, given, runtime.context)
    text = _compose(state, parts)
    cited = set(list_ids(text))
    output = ResearchOutput(
        engine=runtime.context.models.engine,
        question=state["question"],
        format=ResearchInput.model_validate(state["input"]).format,
        answer=render_citations(text, given) if cited else say_nothing_found(state["question"]),
        citations=[_citation(f) for f in packed if f.id in cited],
        plan=_plan(state),
        findings=packed if cited else [],
        contradictions=_contradictions(state, cited),
        unanswered=_unanswered(state, cited, packed),
        not_supported=removed,
        follow_ups=suggest_follow_ups(state["question"], read_documents(state), packed, cited, state.get("groups", {})),
        sources=_sources([f for f in packed if f.id in cited]),
        rejected=state.get("rejected", 0) + corrected,
        usage=_usage(state, packed),
    )
    runtime.context.progress("finished", done=1, total=1, unit="answers")
    return {"output": output.model_dump(mode="json"), "lessons": list_lessons(text, packed)}


def _settle_all(
    state: ResearchState, given: Mapping[str, Given], context: Context
) -> tuple[dict[str, str], list[NotSupported], int]:
    parts: dict[str, str] = {}
    removed: list[NotSupported] = []
    corrected = 0
    for id in sorted(state.get("sections", {}), key=_place):
        section = state["sections"][id]
        text, gone, fixed = settle_section(section["text"], given)
        removed += [NotSupported(**r) for r in gone]
        corrected += fixed
        if list_ids(text):
            parts[id] = text
            say_written(context, id, section["title"], text, given)
    return parts, removed, corrected


def _place(id: str) -> tuple[bool, int, str]:
    """Sort sections as planned, those that code adds last."""
    return id.startswith("x"), len(id), id


def _compose(state: ResearchState, parts: Mapping[str, str]) -> str:
    if ResearchInput.model_validate(state["input"]).format == "answer":
        return parts.get("answer", "")
    titles = {id: state["sections"][id]["title"] for id in parts}
    body = "\n\n".join(f"## {titles[id]}\n\n{text}" for id, text in parts.items())
    return f"# {state['question']}\n\n{body}" if body else ""


def _plan(state: ResearchState) -> list[PlanStep]:
    """Return the plan as it ended; what a formula gives is answered when it could be computed."""
    done = state.get("computed", {})
    ended: Mapping[bool, Status] = {True: "answered", False: "missing"}
    return [s.model_copy(update={"status": ended[bool(done.get(s.id))]}) if s.formula else s for s in read_steps(state)]


def _contradictions(state: ResearchState, cited: set[str]) -> list[Contradiction]:
    found = (Contradiction.model_validate(c) for c in state.get("contradictions", []))
    return [c for c in found if touches(c, cited)]


def _citation(finding: Finding) -> Citation:
    return Citation(
        id=finding.id,
        entry_id=finding.entry_id,
        document_id=finding.document_id,
        filename=finding.filename,
        pages=finding.pages,
        quote=finding.quote or finding.text,
    )


def _unanswered(state: ResearchState, cited: set[str], packed: Sequence[Finding]) -> list[str]:
    covered = {step for f in packed if f.id in cited for step in f.sub_questions}
    covered |= {s.id for s in read_steps(state) if s.formula and cited and state["computed"].get(s.id)}
    asked = [s for s in read_steps(state) if not s.beside]
    missing = [s.question for s in asked if s.id not in covered or (s.status == "missing" and not cited)]
    partly = [s for s in asked if s.question not in missing and s.status != "answered"]
    gaps = ((s, state["gaps"].get(s.id)) for s in partly)
    return [*missing, *(f"{s.question} (nothing for {', '.join(gap)})" for s, gap in gaps if gap)]


def _sources(findings: Sequence[Finding]) -> list[Source]:
    found: dict[str, Source] = {}
    for finding in findings:
        key = str(finding.document_id or finding.filename)
        before = found.get(key) or Source(document_id=finding.document_id, filename=finding.filename, pages=[])
        found[key] = before.model_copy(update={"pages": sorted({*before.pages, *finding.pages})})
    return sorted(found.values(), key=lambda s: s.filename)


def _usage(state: Mapping[str, Any], packed: Sequence[Finding]) -> Usage:
    calls = state.get("spent", {}).values()
    known = set(known_entries([Turn.model_validate(t) for t in state.get("turns", [])]))
    return Usage(
        prompt_tokens=sum(c["prompt"] for c in calls),
        answer_tokens=sum(c["answer"] for c in calls),
        searches=len(state.get("searched", {})),
        rounds=state.get("rounds", 0),
        reused_findings=sum(f.entry_id in known for f in packed),
        stopped_by=state.get("stopped_by", ""),
    )
