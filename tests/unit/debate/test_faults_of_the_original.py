"""One test for each fault of the original that the design lists: here they cannot come back."""

from typing import Any

from app.agents.debate.tasks import Draft, SpeakInput, Topics
from app.errors import ModelFailed
from app.knowledge.claims.tasks import Check, CheckInput
from tests.support.debating import TOPIC, ScriptedModels, Table, hold_debate

FALSE = "The storm closed the northern harbour for nine weeks and sank it."
TRUE = "The storm closed the northern harbour for two days."


def say_false_first(asked: SpeakInput) -> Draft:
    """Pro's first draft is false, everything else is true."""
    false = asked.side == "pro" and asked.stage == "opening" and asked.feedback is None
    return Draft(text=FALSE if false else TRUE)


def refute_false(asked: CheckInput) -> Check:
    if asked.claim == FALSE:
        return Check(reason="The log says two days.", verdict="refuted", passages=[1])
    return Check(reason="It stands there.", verdict="supported", passages=[1])


def lie_once() -> ScriptedModels:
    return ScriptedModels({"debate.speak": say_false_first, "claims.check": refute_false})


async def test_retry_is_asked_with_its_own_prompt() -> None:
    models = lie_once()
    await hold_debate(models)
    first, second = models.prompts("debate.speak")[:2]
    assert "<sent_back>" not in first
    assert f"<sent_back>\n{FALSE}\n</sent_back>" in second


async def test_checkers_reason_and_evidence_reach_the_speaker() -> None:
    models = lie_once()
    await hold_debate(models)
    retry = models.prompts("debate.speak")[1]
    assert "The log says two days." in retry
    assert f'evidence: "{TRUE}" (log.txt)' in retry


async def test_rejected_draft_is_on_record_but_shown_to_no_later_speaker_and_no_judge() -> None:
    models = lie_once()
    debate = await hold_debate(models)
    assert [s.text for s in debate.speeches if s.status == "rejected"] == [FALSE]
    later = models.prompts("debate.speak")[2:] + models.prompts("debate.judge") + models.prompts("debate.seek")
    assert len(later) == 3 + 2 + 4
    assert not any(FALSE in prompt for prompt in later)


async def test_given_topic_is_never_overwritten() -> None:
    models = ScriptedModels({"debate.topic": lambda _: Topics(topics=["Something else entirely"])})
    debate = await hold_debate(models)
    assert debate.topic == TOPIC
    assert models.inputs("debate.topic") == []


async def test_verdict_stays_in_the_state() -> None:
    table = Table(ScriptedModels())
    debate = await table.hold()
    values = (await table.graph.aget_state(table.config)).values
    assert values["output"]["verdict"]["winner"] == debate.verdict.winner
    assert table.named("debate.judged")[0]["verdict"] == values["output"]["verdict"]


async def test_each_claim_of_a_speech_gets_its_own_verdict() -> None:
    models = ScriptedModels({"debate.speak": lambda _: Draft(text=f"{TRUE} {FALSE}"), "claims.check": refute_false})
    debate = await hold_debate(models)
    assert [claim.verdict for claim in debate.speeches[0].claims] == ["supported", "refuted"]
    assert [debate.speeches[0].text[slice(*claim.span)] for claim in debate.speeches[0].claims] == [TRUE, FALSE]


async def test_speech_without_figures_is_checked_all_the_same() -> None:
    models = ScriptedModels({"debate.speak": lambda _: Draft(text="The harbour never closed at all last winter.")})
    await hold_debate(models)
    assert models.inputs("claims.check")[0].claim == "The harbour never closed at all last winter."


async def test_broken_checker_is_not_checked_and_never_a_strike() -> None:
    def broken(_: Any) -> ModelFailed:
        return ModelFailed("The checker is down.")

    models = ScriptedModels({"claims.check": broken, "debate.speak": lambda _: Draft(text=FALSE)})
    debate = await hold_debate(models)
    claims = [claim for speech in debate.speeches for claim in speech.claims]
    assert claims
    assert {claim.verdict for claim in claims} == {"not_checked"}
    assert all("The checker is down." in claim.reason for claim in claims)
    assert (debate.strikes.pro, debate.strikes.con) == (0, 0)


async def test_three_refuted_drafts_disqualify_a_side() -> None:
    def lie(asked: SpeakInput) -> Draft:
        return Draft(text=FALSE if asked.side == "con" else TRUE)

    table = Table(ScriptedModels({"debate.speak": lie, "claims.check": refute_false}))
    debate = await table.hold()
    assert debate.strikes.con == 3
    assert (debate.verdict.winner, debate.verdict.by) == ("pro", "disqualification")
    assert [event["side"] for event in table.named("debate.side_disqualified")] == ["con"]


async def test_refuted_without_evidence_is_no_strike() -> None:
    def refute_from_memory(_: CheckInput) -> Check:
        return Check(reason="I know better.", verdict="refuted", passages=[])

    models = ScriptedModels({"claims.check": refute_from_memory, "debate.speak": lambda _: Draft(text=FALSE)})
    debate = await hold_debate(models)
    assert {claim.verdict for speech in debate.speeches for claim in speech.claims} == {"not_enough_evidence"}
    assert (debate.strikes.pro, debate.strikes.con) == (0, 0)
