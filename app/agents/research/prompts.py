"""The calls research makes to a model: what it is told, what it gets, what it must return."""

from collections.abc import Sequence

from pydantic import BaseModel, Field

from app.agents.research.documents import Known
from app.agents.research.schemas import Finding, Format, PlanStep, Status
from app.agents.research.thread import Turn
from app.llm.prompting import delimit
from app.llm.task import Task

MAX_STEPS = 8

CLARIFY = """Decide whether the question can be researched as it stands.
Only if it can mean several things in this collection, return one short question to the person who asked, in the
language of the question; otherwise return an empty string."""
PLAN = f"""Split the question into at most {MAX_STEPS} sub-questions that can each be answered from documents, and
give each two to five search terms in the language of the documents.
A question about one fact stays one sub-question. A report needs three to six.
Where an answer must be computed, give one sub-question for each figure, and one with a `formula` of their numbers, the
first being q1: "(q2 - q3) / q3". Code computes it.
Where the question leans on earlier ones of the thread, word the sub-questions so that they stand alone."""
ASSESS = """For every sub-question decide from the findings alone: answered, partly, or missing.
List the ids of the findings that help. Where something is still missing, give up to three new search terms that were
not used yet; none if more searching will not help."""
WRITE = """Write the text from the findings alone, in the language of the question, as Markdown.
Put the ids of the findings a sentence rests on in square brackets at its end, like [F1] or [F1, F3]; every sentence
needs one. Cite no other source. Copy figures with their units and periods as they stand; use the computed sentences for
differences and percentages and compute nothing yourself. Quote only word for word. Where findings contradict each
other, say so, the newest first. If the findings do not answer the question, write nothing."""
REPAIR = """The listed sentences of the draft failed a check.
Return the same text with each of them corrected from the findings, or left out where they do not carry it. Change
nothing else. Citations are ids of findings in square brackets, like [F1]."""


class GivenFinding(BaseModel):
    """A finding under its short id; the document behind it is for code, not for the prompt."""

    id: str
    finding: Finding
    document: Known | None = None


class Clarify(BaseModel):
    question: str
    documents: list[Known]
    turns: list[Turn] = Field(default_factory=list)


class Clarification(BaseModel):
    question: str = ""


class PlanRequest(BaseModel):
    question: str
    format: Format
    documents: list[Known]
    turns: list[Turn] = Field(default_factory=list)


class Plan(BaseModel):
    steps: list[PlanStep] = Field(default_factory=list)


class AssessRequest(BaseModel):
    question: str
    steps: list[PlanStep]
    findings: list[GivenFinding]
    documents: list[Known]
    searched: bool = Field(True, description="whether the collection was searched, not the thread's memory alone")


class Assessed(BaseModel):
    step: str
    status: Status
    useful: list[str] = Field(default_factory=list)
    terms: list[str] = Field(default_factory=list)


class Assessment(BaseModel):
    steps: list[Assessed] = Field(default_factory=list)


class WriteRequest(BaseModel):
    question: str
    format: Format
    title: str
    steps: list[PlanStep]
    findings: list[GivenFinding]
    computed: dict[str, list[str]] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict, description="finding id → the concept it belongs to")


class Draft(BaseModel):
    text: str = ""


class RepairRequest(BaseModel):
    draft: str
    problems: list[tuple[str, str]]
    findings: list[GivenFinding]


def render_clarify(request: Clarify) -> str:
    return f"{_documents(request.documents)}\n\n{_turns(request.turns)}Question: {request.question}"


def render_plan(request: PlanRequest) -> str:
    asked = f"Format: {request.format}\nQuestion: {request.question}"
    return f"{_documents(request.documents)}\n\n{_turns(request.turns)}{asked}"


def render_assess(request: AssessRequest) -> str:
    return f"Question: {request.question}\n\n{_steps(request.steps)}\n\n{_findings(request.findings)}"


def render_write(request: WriteRequest) -> str:
    computed = [line for lines in request.computed.values() for line in lines]
    extra = "\n\nComputed:\n" + "\n".join(f"- {line}" for line in computed) if computed else ""
    form = (
        "a short answer of one or two paragraphs"
        if request.format == "answer"
        else f'the section "{request.title}" of a report'
    )
    asked = f"Question: {request.question}\nWrite {form}.\n\n{_steps(request.steps)}"
    return f"{asked}\n\n{_findings(request.findings)}{extra}"


def render_repair(request: RepairRequest) -> str:
    failed = "\n".join(f"- {text}\n  {reason}" for text, reason in request.problems)
    return f"{_findings(request.findings)}\n\n{delimit(request.draft, 'draft')}\n\nFailed:\n{failed}"


def check_assessment(request: AssessRequest, answer: Assessment) -> list[str]:
    """Return a sentence for each id in an assessment that was not given."""
    steps, findings = {s.id for s in request.steps}, {f.id for f in request.findings}
    wrong = [f"There is no sub-question {a.step}." for a in answer.steps if a.step not in steps]
    return wrong + [f"There is no finding {i}." for a in answer.steps for i in a.useful if i not in findings]


def _documents(documents: Sequence[Known]) -> str:
    lines = "\n".join(f"- {d.filename}: {d.title}"[:160] for d in documents[:30])
    more = f"\n… and {len(documents) - 30} more" if len(documents) > 30 else ""
    return delimit(f"{lines}{more}", "documents")


def _turns(turns: Sequence[Turn]) -> str:
    lines = "\n".join(f"Asked: {t.question}\nAnswered: {t.answer}" for t in turns)
    return f"{delimit(lines, 'earlier')}\n\n" if turns else ""


def _steps(steps: Sequence[PlanStep]) -> str:
    return "Sub-questions:\n" + "\n".join(f"{s.id}. {s.question}" for s in steps)


def _findings(findings: Sequence[GivenFinding]) -> str:
    lines = "\n".join(
        f"[{f.id}] ({f.finding.filename}, pg. {_pages(f.finding.pages)}) {f.finding.text}" for f in findings
    )
    return delimit(lines, "findings")


def _pages(pages: Sequence[int]) -> str:
    return "-".join(str(n) for n in sorted({min(pages), max(pages)})) if pages else "?"


CLARIFY_TASK = Task(
    name="research.clarify", version=2, role="planner", instructions=CLARIFY, input=Clarify, output=Clarification,
    render=render_clarify, max_output_tokens=200,
)  # fmt: skip
PLAN_TASK = Task(
    name="research.plan", version=3, role="planner", instructions=PLAN, input=PlanRequest, output=Plan,
    render=render_plan, max_output_tokens=600,
)  # fmt: skip
ASSESS_TASK = Task(
    name="research.assess", version=1, role="planner", instructions=ASSESS, input=AssessRequest, output=Assessment,
    render=render_assess, max_output_tokens=600, check=check_assessment,
)  # fmt: skip
WRITE_TASK = Task(
    name="research.write", version=1, role="writer", instructions=WRITE, input=WriteRequest, output=Draft,
    render=render_write, max_output_tokens=1500, prose_field="text", final=True,
)  # fmt: skip
REPAIR_TASK = Task(
    name="research.repair", version=1, role="writer", instructions=REPAIR, input=RepairRequest, output=Draft,
    render=render_repair, max_output_tokens=1500, prose_field="text", final=True,
)  # fmt: skip
