"""The debate's questions to a model."""

from dataclasses import replace

from pydantic import BaseModel, Field

from app.agents.debate import prompts
from app.agents.debate.panel import CRITERIA, Criterion
from app.agents.debate.rules import SIDES, Side, Stage
from app.knowledge.claims.types import CheckedClaim, Passage
from app.llm.task import Task
from app.llm.web import WebAnswer


class Dispute(BaseModel):
    """Two statements of the documents that disagree."""

    text: str
    filename: str
    other_text: str
    other_filename: str


class TopicInput(BaseModel):
    """What a topic is wanted about; `material` are statements of the documents, `disputes` where they disagree."""

    theme: str = ""
    disputes: list[Dispute] = Field(default_factory=list)
    material: list[str] = Field(default_factory=list)
    earlier: list[str] = Field(default_factory=list)
    number: int = 5
    seed: int = 0


class Topics(BaseModel):
    """Topics, best first."""

    topics: list[str]


class Heard(BaseModel):
    """A speech as later speakers hear it."""

    speaker: Side
    stage: Stage
    text: str
    claims: list[str] = Field(default_factory=list)


class SeekInput(BaseModel):
    """A debater about to prepare a speech."""

    topic: str
    side: Side
    stage: Stage
    transcript: list[Heard] = Field(default_factory=list)


class Queries(BaseModel):
    """What to search the collection for."""

    queries: list[str]


class WebInput(BaseModel):
    """What the web is to be searched for, and for which side."""

    topic: str
    side: Side
    queries: list[str]


class Feedback(BaseModel):
    """A draft that was sent back, why, and which of its claims are refuted by what."""

    text: str
    reason: str
    refuted: list[CheckedClaim] = Field(default_factory=list)


class SpeakInput(BaseModel):
    """A debater who has the floor."""

    topic: str
    side: Side
    stage: Stage
    asks: str
    word_cap: int
    evidence: list[Passage] = Field(default_factory=list)
    transcript: list[Heard] = Field(default_factory=list)
    feedback: Feedback | None = None
    seed: int = 0


class Draft(BaseModel):
    """A speech as written, citations as [E1]."""

    text: str


class JudgedClaim(BaseModel):
    """A claim with the fact-checker's verdict."""

    text: str
    verdict: str


class JudgedSpeech(BaseModel):
    """A speech as judges read it."""

    turn: int
    stage: Stage
    text: str
    disputed: bool = False
    claims: list[JudgedClaim] = Field(default_factory=list)


class JudgeInput(BaseModel):
    """Both sides under neutral names, in the order they are to be presented."""

    topic: str
    lens: str = ""
    a: list[JudgedSpeech]
    b: list[JudgedSpeech]


class Marks(BaseModel):
    """One side's scores, 0 to 10."""

    argument: float = Field(ge=0, le=10)
    evidence: float = Field(ge=0, le=10)
    rebuttal: float = Field(ge=0, le=10)
    clarity: float = Field(ge=0, le=10)

    def by_criterion(self) -> dict[Criterion, float]:
        """Return the scores by the name of their criterion."""
        return {criterion: getattr(self, criterion) for criterion in CRITERIA}


class Judgement(BaseModel):
    """A judge's reason and scores."""

    reason: str
    a: Marks
    b: Marks


def _render_topic(input: TopicInput) -> str:
    disputes = [
        f"- {it.filename}: {it.text}\n  {it.other_filename}: {it.other_text}\n  (these disagree)"
        for it in input.disputes
    ]
    material = "\n".join([*disputes, *(f"- {line}" for line in input.material)]) or "none"
    earlier = "\n".join(f"- {line}" for line in input.earlier[-50:]) or "none"
    return (
        f"{input.number} topics, please.\nTheme: {input.theme or 'free'}\n\n<material>\n{material}\n</material>\n\n"
        f"<earlier_topics>\n{earlier}\n</earlier_topics>"
    )


def _render_seek(input: SeekInput) -> str:
    return f"{_render_place(input.topic, input.side, input.stage)}\n\n{_render_transcript(input.transcript)}"


def _render_speak(input: SpeakInput) -> str:
    evidence = "\n".join(
        f'<evidence id="E{number}" from="{_name(passage)}">\n{passage.text}\n</evidence>'
        for number, passage in enumerate(input.evidence, start=1)
    )
    parts = [
        _render_place(input.topic, input.side, input.stage),
        f"{input.asks} At most {input.word_cap} words.",
        _render_transcript(input.transcript),
        evidence or "There is no evidence at hand; argue from reasons and state no figures.",
    ]
    if input.feedback is not None:
        parts.append(_render_feedback(input.feedback))
    return "\n\n".join(parts)


def _render_web(input: WebInput) -> str:
    stand = "for" if input.side == "pro" else "against"
    queries = "\n".join(f"- {query}" for query in input.queries)
    return f"Topic: {input.topic}\nEvidence is wanted {stand} it, above all on:\n{queries}"


def _render_place(topic: str, side: Side, stage: Stage) -> str:
    stand = "for" if side == "pro" else "against"
    return f"Topic: {topic}\nYou speak {stand} it ({side}). Stage: {stage}."


def _render_transcript(transcript: list[Heard]) -> str:
    speeches = "\n".join(
        f'<speech speaker="{heard.speaker}" stage="{heard.stage}">\n{heard.text}\n</speech>' for heard in transcript
    )
    return f"<transcript>\n{speeches}\n</transcript>"


def _render_feedback(feedback: Feedback) -> str:
    refuted = "\n".join(
        f"- {claim.text}\n  why: {claim.reason}\n"
        + "\n".join(f'  evidence: "{item.text}" ({item.filename})' for item in claim.evidence)
        for claim in feedback.refuted
    )
    return f"<sent_back>\n{feedback.text}\n</sent_back>\nIt was sent back: {feedback.reason}\n{refuted}"


def _render_judge(input: JudgeInput) -> str:
    sides = "\n\n".join(_render_side(name, speeches) for name, speeches in (("A", input.a), ("B", input.b)))
    return f"{input.lens}\nTopic: {input.topic}\n\n{sides}"


def _render_side(name: str, speeches: list[JudgedSpeech]) -> str:
    return "\n".join([f"Side {name}:", *(_render_judged(speech) for speech in speeches)])


def _render_judged(speech: JudgedSpeech) -> str:
    marks = "\n".join(f"- {claim.verdict}: {claim.text}" for claim in speech.claims)
    disputed = ' disputed="yes"' if speech.disputed else ""
    return (
        f'<speech turn="{speech.turn}" stage="{speech.stage}"{disputed}>\n{speech.text}\n</speech>\n'
        f"Fact-checker:\n{marks or '- no claims to check'}"
    )


def _name(passage: Passage) -> str:
    return f"{passage.filename}, pg. {passage.pages[0]}" if passage.pages else passage.filename


TOPIC = Task(
    name="debate.topic",
    version=1,
    role="planner",
    instructions=prompts.TOPIC,
    input=TopicInput,
    output=Topics,
    render=_render_topic,
    temperature=0.8,
)
_SEEK = Task(
    name="debate.seek",
    version=1,
    role="debater",
    instructions=prompts.SEEK,
    input=SeekInput,
    output=Queries,
    render=_render_seek,
    max_output_tokens=400,
)
WEB = Task(
    name="debate.web",
    version=1,
    role="web",
    instructions=prompts.WEB,
    input=WebInput,
    output=WebAnswer,
    render=_render_web,
    web=True,
)
_SPEAK = Task(
    name="debate.speak",
    version=1,
    role="debater",
    instructions=prompts.SPEAK,
    input=SpeakInput,
    output=Draft,
    render=_render_speak,
    temperature=0.5,
    max_output_tokens=4000,
    prose_field="text",
)
SEEK = {side: replace(_SEEK, role=f"debater.{side}") for side in SIDES}
SPEAK = {side: replace(_SPEAK, role=f"debater.{side}") for side in SIDES}
JUDGE = Task(
    name="debate.judge",
    version=1,
    role="judge",
    instructions=prompts.JUDGE,
    input=JudgeInput,
    output=Judgement,
    render=_render_judge,
    temperature=0.3,
    max_output_tokens=1500,
    final=True,
)
