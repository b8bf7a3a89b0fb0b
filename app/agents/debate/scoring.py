"""The judge without a model: four stated formulas, the same for both sides. Pure."""

from collections.abc import Sequence
from statistics import fmean

from app.agents.debate.tasks import JudgedClaim, JudgedSpeech, JudgeInput, Judgement, Marks
from app.knowledge.claims.split import split_sentences
from app.knowledge.claims.words import find_stems

WORTH = {"supported": 1.0, "partly": 0.5, "refuted": -1.0}
FULL_EVIDENCE = 4
FULL_POINTS = 6
EASY_WORDS, HARD_WORDS = 25, 60

FORMULAS = (
    "argument = 5 × share of the topic's words covered + 5 × min(1, distinct supported claims / 6); "
    "evidence = 10 × mean worth of claims (supported 1, partly ½, refuted −1, else 0) × min(1, claims / 4); "
    "rebuttal = 10 × share of the other side's claims, made before an own later speech, that it takes up; "
    "clarity = 10 × mean over sentences of 1 up to 25 words, falling to 0 at 60."
)


def judge_offline(input: JudgeInput) -> Judgement:
    """Score both sides by the formulas; what they are called and which comes first plays no part."""
    return Judgement(
        reason=FORMULAS,
        a=score_side(input.topic, input.a, input.b),
        b=score_side(input.topic, input.b, input.a),
    )


def score_side(topic: str, own: Sequence[JudgedSpeech], theirs: Sequence[JudgedSpeech]) -> Marks:
    """Return one side's marks; a side that did not speak has none."""
    if not own:
        return Marks(argument=0, evidence=0, rebuttal=0, clarity=0)
    claims = [claim for speech in own for claim in speech.claims]
    return Marks(
        argument=round(score_argument(topic, own, claims), 3),
        evidence=round(score_evidence(claims), 3),
        rebuttal=round(score_rebuttal(topic, own, theirs), 3),
        clarity=round(score_clarity(own), 3),
    )


def score_argument(topic: str, own: Sequence[JudgedSpeech], claims: Sequence[JudgedClaim]) -> float:
    """Return coverage of the topic, and how many different claims were carried by evidence."""
    wanted = find_stems(topic)
    said = find_stems(" ".join(speech.text for speech in own))
    cover = len(wanted & said) / len(wanted) if wanted else 1.0
    points = {find_stems(claim.text) for claim in claims if claim.verdict == "supported"}
    return 5 * cover + 5 * min(1.0, len(points) / FULL_POINTS)


def score_evidence(claims: Sequence[JudgedClaim]) -> float:
    """Return the mean worth of a side's claims, damped where there are few."""
    if not claims:
        return 0.0
    worth = fmean(WORTH.get(claim.verdict, 0.0) for claim in claims)
    return 10 * max(0.0, worth) * min(1.0, len(claims) / FULL_EVIDENCE)


def score_rebuttal(topic: str, own: Sequence[JudgedSpeech], theirs: Sequence[JudgedSpeech]) -> float:
    """Return the share of the other side's answerable claims that a later own speech takes up; 5 if none was."""
    known = find_stems(topic)
    open_claims = [
        (find_stems(claim.text) - known, _say_after(own, speech.turn))
        for speech in theirs
        for claim in speech.claims
        if _say_after(own, speech.turn)
    ]
    if not open_claims:
        return 5.0
    taken_up = [bool(wanted) and len(wanted & said) >= min(2, len(wanted)) for wanted, said in open_claims]
    return 10 * sum(taken_up) / len(taken_up)


def score_clarity(own: Sequence[JudgedSpeech]) -> float:
    """Return how short the sentences are."""
    lengths = [len(speech.text[slice(*span)].split()) for speech in own for span in split_sentences(speech.text)]
    ease = [min(1.0, max(0.0, (HARD_WORDS - length) / (HARD_WORDS - EASY_WORDS))) for length in lengths]
    return 10 * fmean(ease) if ease else 0.0


def _say_after(own: Sequence[JudgedSpeech], turn: int) -> frozenset[str]:
    return find_stems(" ".join(speech.text for speech in own if speech.turn > turn))
