"""Whole debates on a scripted model: order, caps, a person at the table, the panel."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.agents.debate.rules import Side, Turn, find_plan_problems
from app.agents.debate.schemas import DebateOutput, Speech
from app.agents.debate.tasks import Draft, JudgeInput, Judgement, Marks, SpeakInput, Topics
from app.errors import ModelFailed, ModelOutputInvalid
from app.knowledge.claims.tasks import Check, CheckInput
from tests.support.debating import ScriptedModels, Table, build_input, hold_debate

TRUE = "The storm closed the northern harbour for two days."
OPEN = "The northern harbour was shut by that storm for days."


def marks(value: float) -> Marks:
    return Marks(argument=value, evidence=value, rebuttal=value, clarity=value)


def prefer_first(_: JudgeInput) -> Judgement:
    return Judgement(reason="The first one spoke first.", a=marks(8), b=marks(4))


async def test_stages_follow_the_plan_of_deb8flow() -> None:
    debate = await hold_debate(ScriptedModels())
    order = [(speech.speaker, speech.stage) for speech in debate.speeches]
    assert order == [("pro", "opening"), ("con", "rebuttal"), ("pro", "counter"), ("con", "final")]


async def test_con_may_open_with_rounds_and_questions() -> None:
    debate = await hold_debate(ScriptedModels(), first="con", extra_rounds=1, cross_examination=True)
    order = [(speech.speaker, speech.stage) for speech in debate.speeches]
    assert order == [
        ("con", "opening"),
        ("pro", "rebuttal"),
        ("pro", "question"),
        ("con", "answer"),
        ("con", "question"),
        ("pro", "answer"),
        ("con", "rebuttal"),
        ("pro", "rebuttal"),
        ("con", "counter"),
        ("pro", "final"),
    ]


async def test_judge_who_always_prefers_the_first_side_gives_a_tie_without_consistency() -> None:
    debate = await hold_debate(ScriptedModels({"debate.judge": prefer_first}), judges=3)
    assert (debate.verdict.winner, debate.verdict.swap_consistency) == ("tie", 0.0)
    assert len(debate.verdict.panel) == 6


async def test_offline_judge_scores_the_same_from_both_sides() -> None:
    debate = await hold_debate(ScriptedModels(), judges=2)
    assert debate.verdict.swap_consistency == 1.0
    scores = [ballot.scores for ballot in debate.verdict.panel]
    assert all(score == scores[0] for score in scores)


async def test_judge_reads_neutral_names_in_both_orders() -> None:
    models = ScriptedModels()
    await hold_debate(models)
    first, second = models.inputs("debate.judge")
    assert (first.a, first.b) == (second.b, second.a)
    assert not any(name in prompt for prompt in models.prompts("debate.judge") for name in ("pro", "Pro ", "Con "))


async def test_panel_that_cannot_be_heard_gives_a_tie() -> None:
    debate = await hold_debate(ScriptedModels({"debate.judge": lambda _: ModelOutputInvalid()}))
    assert (debate.verdict.winner, debate.verdict.scores, debate.verdict.agreement) == ("tie", {}, None)


@pytest.mark.parametrize("text", ["", "   ", "I'm sorry, but I can't help with that."])
async def test_empty_or_refused_speech_is_asked_for_again_then_forfeited(text: str) -> None:
    models = ScriptedModels({"debate.speak": lambda asked: Draft(text=text if asked.side == "con" else TRUE)})
    debate = await hold_debate(models, max_drafts=2)
    assert [s.status for s in debate.speeches if s.speaker == "con"] == ["rejected", "forfeited"] * 2
    assert debate.strikes.con == 0


async def test_speech_that_stays_refuted_stands_as_disputed() -> None:
    def refute(_: CheckInput) -> Check:
        return Check(reason="No.", verdict="refuted", passages=[1])

    models = ScriptedModels({"debate.speak": lambda _: Draft(text=OPEN), "claims.check": refute})
    debate = await hold_debate(models, max_strikes=10)
    assert [s.status for s in debate.speeches] == ["rejected", "disputed"] * 4
    assert 'disputed="yes"' in models.prompts("debate.judge")[0]


async def test_over_long_speech_is_cut_after_a_sentence() -> None:
    models = ScriptedModels({"debate.speak": lambda _: Draft(text=f"{TRUE} " * 20)})
    debate = await hold_debate(models, word_cap=30)
    assert all(speech.cut and len(speech.text.split()) <= 30 for speech in debate.speeches)
    assert debate.speeches[0].text.endswith("two days.")


async def test_citations_name_file_and_invented_ones_vanish() -> None:
    models = ScriptedModels({"debate.speak": lambda _: Draft(text=f"{TRUE[:-1]} [E1][E99].")})
    debate = await hold_debate(models)
    assert debate.speeches[0].text == f"{TRUE[:-1]} [stats.txt]."


async def test_quotes_are_marked_as_verified_or_not() -> None:
    text = 'They wrote "the northern harbour for two days" and "the southern harbour for two days".'
    debate = await hold_debate(ScriptedModels({"debate.speak": lambda _: Draft(text=text)}))
    assert [quote.verified for quote in debate.speeches[0].quotes] == [True, False]


async def test_person_speaks_is_checked_and_is_asked_again_with_the_reasons() -> None:
    def refute(asked: CheckInput) -> Check:
        refuted = "nine weeks" in asked.claim
        return Check(reason="Two days.", verdict="refuted" if refuted else "supported", passages=[1])

    table = Table(ScriptedModels({"claims.check": refute}), human="con")
    question = await table.hold()
    assert (question["side"], question["stage"], question["feedback"]) == ("con", "rebuttal", None)
    assert question["evidence"][0]["id"] == "E1"
    question = await table.hold({"text": "The harbour was shut for nine weeks."})
    assert question["feedback"]["refuted"][0]["reason"] == "Two days."
    assert (await table.hold({"text": TRUE}))["stage"] == "final"
    debate = await table.hold({"text": TRUE})
    assert [(s.by, s.status) for s in debate.speeches if s.speaker == "con"] == [
        ("person", "rejected"),
        ("person", "accepted"),
        ("person", "accepted"),
    ]


async def test_person_who_does_not_answer_forfeits_the_turn_not_the_debate() -> None:
    table = Table(ScriptedModels(), human="pro", answer_seconds=60)
    question = await table.hold()
    assert question["seconds"] == 60
    question = await table.hold(question["otherwise"])
    debate = await table.hold(question["otherwise"])
    assert [s.status for s in debate.speeches if s.speaker == "pro"] == ["forfeited", "forfeited"]
    assert debate.verdict.winner == "con"


async def test_generated_topic_keeps_away_from_earlier_ones() -> None:
    models = ScriptedModels({"debate.topic": lambda _: Topics(topics=["Cats are better than dogs", "Ports are safe"])})
    debate = await hold_debate(models, topic=None, earlier_topics=["Dogs are better than cats"])
    assert debate.topic == "Ports are safe"


async def test_offline_debate_quotes_only_what_stands_in_the_sources() -> None:
    debate = await hold_debate(ScriptedModels())
    quotes = [quote for speech in debate.speeches for quote in speech.quotes]
    assert quotes
    assert all(quote.verified for quote in quotes)
    assert {c.verdict for s in debate.speeches for c in s.claims} == {"supported"}


TEXTS = st.sampled_from(
    ["", "Sorry, I can't.", TRUE, OPEN, f"{OPEN} Ferries ran late all week in spring.", f"{OPEN} " * 40]
)
FINDINGS = st.sampled_from(["supported", "partly", "refuted", "not_enough_evidence", "unbacked", "broken"])
PLANS = st.lists(
    st.builds(
        Turn,
        speaker=st.sampled_from(["pro", "con"]),
        stage=st.sampled_from(["opening", "rebuttal", "counter", "question", "answer", "final"]),
    ),
    min_size=2,
    max_size=7,
).filter(lambda plan: not find_plan_problems(plan))


def check_by(findings: Sequence[str]) -> ScriptedModels:
    """Return models whose checker goes through the findings in turn."""
    wheel = itertools.cycle(findings)

    def check(_: CheckInput) -> Check | Exception:
        finding = next(wheel)
        if finding == "broken":
            return ModelFailed("down")
        if finding == "unbacked":
            return Check(reason="r", verdict="refuted", passages=[])
        return Check.model_validate({"reason": "r", "verdict": finding, "passages": [1]})

    return ScriptedModels({"claims.check": check})


def assert_fair(debate: DebateOutput, models: ScriptedModels, *, max_drafts: int, max_strikes: int) -> None:
    """Assert what holds for every debate, whatever its speakers and checkers do."""
    assert len(debate.speeches) <= len(debate.plan) * max_drafts
    for side in ("pro", "con"):
        struck = [speech for speech in debate.speeches if speech.speaker == side and is_struck(speech)]
        assert getattr(debate.strikes, side) == len(struck) <= max_strikes
    standing = {(s.turn, s.text) for s in debate.speeches if s.status in ("accepted", "disputed")}
    for asked in models.inputs("debate.judge"):
        assert {(speech.turn, speech.text) for speech in (*asked.a, *asked.b)} == standing
    assert_winner(debate, max_strikes)


def is_struck(speech: Speech) -> bool:
    return any(claim.verdict == "refuted" and claim.evidence for claim in speech.claims)


def assert_winner(debate: DebateOutput, max_strikes: int) -> None:
    out: list[Side] = [side for side in ("pro", "con") if getattr(debate.strikes, side) >= max_strikes]
    verdict = debate.verdict
    if verdict.by == "disqualification":
        assert out
        assert verdict.winner not in out
        return
    totals = {side: sum(getattr(score, side) for score in verdict.scores.values()) for side in ("pro", "con")}
    assert not out
    assert verdict.winner == "tie" or totals[verdict.winner] == max(totals.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    plan=PLANS,
    texts=st.lists(TEXTS, min_size=1, max_size=6),
    findings=st.lists(FINDINGS, min_size=1, max_size=8),
    max_drafts=st.integers(1, 3),
    max_strikes=st.integers(1, 3),
)
async def test_every_debate_ends_within_its_caps_and_is_fair(
    plan: list[Turn], texts: list[str], findings: list[str], max_drafts: int, max_strikes: int
) -> None:
    models, wheel = check_by(findings), itertools.cycle(texts)

    def speak(_: SpeakInput) -> Draft:
        return Draft(text=next(wheel))

    models.script["debate.speak"] = speak
    debate = await hold_debate(
        models,
        plan=[turn.model_dump() for turn in plan],
        max_drafts=max_drafts,
        max_strikes=max_strikes,
        word_cap=60,
    )
    assert_fair(debate, models, max_drafts=max_drafts, max_strikes=max_strikes)


def test_plan_in_which_one_side_never_speaks_is_refused() -> None:
    with pytest.raises(ValueError, match="Both sides must speak"):
        build_input(plan=[{"speaker": "pro", "stage": "opening"}, {"speaker": "pro", "stage": "final"}])
