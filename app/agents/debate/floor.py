"""Views of the debate's state: whose turn it is, what speakers and judges may see, what a draft comes to. Pure."""

import re
from collections.abc import Sequence

from app.agents.debate.panel import Ballot, Order, SideScores
from app.agents.debate.prompts import LENSES
from app.agents.debate.quotes import verify_quotes
from app.agents.debate.rules import STAGES, Ruling, Side, Turn, cut_to_words, other, rule_on_draft
from app.agents.debate.schemas import DebateInput, Quote, Speech, Status
from app.agents.debate.state import BallotState, DebateState
from app.agents.debate.tasks import (
    Feedback,
    Heard,
    JudgedClaim,
    JudgedSpeech,
    JudgeInput,
    Judgement,
    SeekInput,
    SpeakInput,
)
from app.db import Json
from app.knowledge.claims.types import CheckedClaim, Passage

MAX_SHOWN = 10
"""Passages shown to a person who is asked to speak; cited as [E1] like a model's."""

_CITED = re.compile(r"\[(E\d+(?:\s*[,;]\s*E\d+)*)\]")
_REFUSAL = re.compile(
    r"^\W*(?:I['’]m sorry|I am sorry|sorry|I can(?:no|['’])t|I am unable|I['’]m unable|as an AI)\b.{0,400}$",
    re.I | re.S,
)


def read_input(state: DebateState) -> DebateInput:
    """Return the debate's input."""
    return DebateInput.model_validate(state["input"])


def find_turn(state: DebateState) -> Turn | None:
    """Return the turn at hand, None when the plan is done or a side is out."""
    plan = read_input(state).turns
    at = state.get("turn", 0)
    return plan[at] if at < len(plan) and state.get("disqualified") is None else None


def get_turn(state: DebateState) -> Turn:
    """Return the turn at hand; there must be one."""
    return read_input(state).turns[state["turn"]]


def name_draft(state: DebateState) -> str:
    """Return the id of the draft at hand."""
    return f"t{state['turn'] + 1}-{get_turn(state).speaker}-d{state['draft']}"


def list_speeches(state: DebateState) -> list[Speech]:
    """Return every draft on record, in the order of turns and drafts."""
    speeches = [Speech.model_validate(speech) for speech in state.get("speeches", {}).values()]
    return sorted(speeches, key=lambda speech: (speech.turn, speech.draft))


def list_standing(state: DebateState) -> list[Speech]:
    """Return the speeches that later speakers and judges see: no rejected draft, no forfeited turn."""
    return [speech for speech in list_speeches(state) if speech.stands]


def list_heard(state: DebateState) -> list[Heard]:
    """Return the standing speeches as a speaker hears them."""
    return [
        Heard(
            speaker=speech.speaker,
            stage=speech.stage,
            text=speech.text,
            claims=[claim.text for claim in speech.claims if claim.verdict != "refuted"],
        )
        for speech in list_standing(state)
    ]


def ask_queries(state: DebateState) -> SeekInput:
    """Return what a debater prepares from."""
    turn = get_turn(state)
    return SeekInput(topic=state["topic"], side=turn.speaker, stage=turn.stage, transcript=list_heard(state))


def ask_speech(state: DebateState) -> SpeakInput:
    """Return what a debater speaks from; a draft sent back comes with its refuted claims, reasons and evidence."""
    turn, input = get_turn(state), read_input(state)
    feedback = state.get("feedback")
    return SpeakInput(
        topic=state["topic"],
        side=turn.speaker,
        stage=turn.stage,
        asks=STAGES[turn.stage],
        word_cap=input.word_cap,
        evidence=[Passage.model_validate(passage) for passage in state.get("evidence", [])],
        transcript=list_heard(state),
        feedback=Feedback.model_validate(feedback) if feedback else None,
        seed=input.seed,
    )


def ask_person(state: DebateState) -> Json:
    """Return what a person who has the floor is asked; `otherwise` is the answer given for them after `seconds`."""
    asked, input = ask_speech(state), read_input(state)
    question = asked.model_dump(mode="json", include={"topic", "side", "stage", "asks", "word_cap", "feedback"})
    question |= {"speech_id": name_draft(state), "draft": state["draft"], "transcript": _dump(asked.transcript)}
    question["evidence"] = [
        {"id": f"E{number}", "text": passage.text, "filename": passage.filename, "pages": list(passage.pages)}
        for number, passage in enumerate(asked.evidence[:MAX_SHOWN], start=1)
    ]
    if input.answer_seconds is not None:
        question |= {"seconds": input.answer_seconds, "otherwise": {"forfeit": True}}
    return question


def make_draft(state: DebateState, text: str, *, by: str = "model", forfeit: bool = False) -> Json:
    """Return the pending draft: citations written out, cut at the word cap, quotes looked up; a refusal is empty.

    What was found on the web verifies no quote: its words are those of the search, not of the page.
    """
    evidence = [Passage.model_validate(passage) for passage in state.get("evidence", [])]
    spoken = "" if by == "model" and _REFUSAL.match(text) else write_citations(text, evidence)
    spoken, cut = cut_to_words(spoken, read_input(state).word_cap)
    quotes = verify_quotes(spoken, [passage for passage in evidence if not passage.url])
    return {
        "id": name_draft(state),
        "text": spoken,
        "cut": cut,
        "by": by,
        "forfeit": forfeit,
        "quotes": _dump(quotes),
    }


def write_citations(text: str, evidence: Sequence[Passage]) -> str:
    """Write `[E1]` as `[filename, pg. N]`; a number that was not given out is left out."""

    def cite(match: re.Match[str]) -> str:
        numbers = [int(number) for number in re.findall(r"\d+", match[1])]
        known = [_place(evidence[number - 1]) for number in numbers if 1 <= number <= len(evidence)]
        return f"[{'; '.join(dict.fromkeys(known))}]" if known else ""

    return re.sub(r"[ \t]+([.,;!?])", r"\1", _CITED.sub(cite, text)).strip()


def find_claims(state: DebateState) -> list[CheckedClaim]:
    """Return the checked claims of the pending draft in the order of the text."""
    prefix = f"{state['pending']['id']}:"
    found = [CheckedClaim.model_validate(c) for key, c in state.get("claims", {}).items() if key.startswith(prefix)]
    return sorted(found, key=lambda claim: (claim.span, claim.id))


def list_refuted(claims: Sequence[CheckedClaim]) -> list[CheckedClaim]:
    """Return the claims that count against their speaker: refuted, with evidence on record."""
    return [claim for claim in claims if claim.verdict == "refuted" and claim.evidence]


def rule(state: DebateState) -> tuple[Ruling, dict[str, int]]:
    """Return the ruling on the pending draft and the strikes after it."""
    pending, input, speaker = state["pending"], read_input(state), get_turn(state).speaker
    strikes = {"pro": 0, "con": 0, **state.get("strikes", {})}
    refuted = len(list_refuted(find_claims(state)))
    empty = not pending["text"]
    strikes[speaker] += bool(refuted and not empty)
    if pending["forfeit"]:
        return "forfeited", strikes
    ruling = rule_on_draft(
        empty=empty, refuted=refuted, draft=state["draft"], strikes=strikes[speaker], caps=input.caps
    )
    return ruling, strikes


def record_speech(state: DebateState, ruling: Ruling) -> Speech:
    """Return the pending draft as it goes on record."""
    turn, pending, claims = get_turn(state), state["pending"], find_claims(state)
    status: Status = "rejected" if ruling == "disqualified" else ruling
    return Speech(
        id=pending["id"],
        turn=state["turn"] + 1,
        speaker=turn.speaker,
        stage=turn.stage,
        draft=state["draft"],
        by=pending["by"],
        status=status,
        text=pending["text"],
        cut=pending["cut"],
        reason=_explain(status, pending, claims),
        quotes=pending["quotes"],
        claims=claims,
    )


def tell_speaker(speech: Speech) -> Feedback:
    """Return what the speaker of a rejected draft is told."""
    return Feedback(text=speech.text, reason=speech.reason, refuted=list_refuted(speech.claims))


def seat_judges(state: DebateState, orders: Sequence[Order]) -> list[BallotState]:
    """Return one ballot to be filled a judge and order; the seed decides which order a judge sees first."""
    input, speeches = read_input(state), _dump(list_standing(state))
    return [
        BallotState(judge=judge, order=order, topic=state["topic"], speeches=speeches)
        for judge in range(1, input.judges + 1)
        for order in (orders if (judge + input.seed) % 2 else list(reversed(orders)))
    ]


def ask_judge(ballot: BallotState) -> JudgeInput:
    """Return the speeches under neutral names, the side that comes first in this order as A."""
    speeches = [Speech.model_validate(speech) for speech in ballot["speeches"]]
    first = first_side(ballot["order"])
    return JudgeInput(
        topic=ballot["topic"],
        lens=LENSES[(ballot["judge"] - 1) % len(LENSES)],
        a=[_judged(speech) for speech in speeches if speech.speaker == first],
        b=[_judged(speech) for speech in speeches if speech.speaker == other(first)],
    )


def read_judgement(ballot: BallotState, judgement: Judgement) -> Ballot:
    """Return the scores by side again."""
    marks = {first_side(ballot["order"]): judgement.a, other(first_side(ballot["order"])): judgement.b}
    pro, con = marks["pro"].by_criterion(), marks["con"].by_criterion()
    return Ballot.model_validate(
        {
            "judge": ballot["judge"],
            "order": ballot["order"],
            "reason": judgement.reason,
            "scores": {criterion: SideScores(pro=pro[criterion], con=con[criterion]) for criterion in pro},
        }
    )


def first_side(order: str) -> Side:
    """Return who is presented first."""
    return "pro" if order == "pro_first" else "con"


def _judged(speech: Speech) -> JudgedSpeech:
    return JudgedSpeech(
        turn=speech.turn,
        stage=speech.stage,
        text=speech.text,
        disputed=speech.status == "disputed",
        claims=[JudgedClaim(text=claim.text, verdict=claim.verdict) for claim in speech.claims],
    )


def _explain(status: Status, pending: Json, claims: Sequence[CheckedClaim]) -> str:
    if status == "accepted":
        return ""
    if pending["forfeit"]:
        return "The speaker gave no answer."
    if not pending["text"]:
        return "The draft has no words, or declines to speak."
    return " ".join(f"Refuted: {claim.text} {claim.reason}" for claim in list_refuted(claims))


def _place(passage: Passage) -> str:
    if passage.url:
        return f"{passage.filename}, {passage.url}"
    return f"{passage.filename}, pg. {passage.pages[0]}" if passage.pages else passage.filename


def _dump(models: Sequence[Quote | Heard | Speech]) -> list[Json]:
    return [model.model_dump(mode="json") for model in models]
