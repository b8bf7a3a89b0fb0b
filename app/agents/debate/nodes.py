"""The steps of a debate. One model call a step; a person is asked in a step of its own."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from app.agents.base import Context
from app.agents.debate.evidence import find_evidence, find_filters, list_disputes, list_material
from app.agents.debate.floor import (
    ask_judge,
    ask_person,
    ask_queries,
    ask_speech,
    find_turn,
    get_turn,
    list_speeches,
    make_draft,
    name_draft,
    read_input,
    read_judgement,
    record_speech,
    rule,
    tell_speaker,
)
from app.agents.debate.panel import Ballot, Tally, tally
from app.agents.debate.rules import other
from app.agents.debate.schemas import DebateInput, DebateOutput, DebateVerdict
from app.agents.debate.state import BallotState, ClaimState, DebateState
from app.agents.debate.tasks import JUDGE, SEEK, SPEAK, TOPIC, WEB, Queries, TopicInput, WebInput
from app.agents.debate.topics import choose_topic
from app.agents.debate.web import read_findings
from app.errors import BudgetExceeded, ModelFailed, ModelOutputInvalid
from app.knowledge.claims.checker import check_claim, list_claims
from app.knowledge.claims.types import CheckedClaim, Claim, Passage

NO_WEB = "The web was to be searched, but the model server is not set up to offer that."

Update = dict[str, Any]

ANSWER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "the speech"},
        "forfeit": {"type": "boolean", "description": "give the turn up"},
    },
    "anyOf": [{"required": ["text"]}, {"required": ["forfeit"]}],
    "additionalProperties": False,
}
"""What a person may answer when asked to speak."""


async def topic_generator(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Propose topics and take the first that is not near an earlier one, named in the request or of the thread."""
    context, input = runtime.context, read_input(state)
    earlier = [*input.earlier_topics, *(held["topic"] for held in await context.list_earlier())]
    asked = TopicInput(
        theme=input.theme,
        disputes=await list_disputes(context, input),
        material=await list_material(context, input),
        earlier=earlier,
        seed=input.seed,
    )
    proposed = await context.run(TOPIC, asked)
    topic, candidates = choose_topic(proposed.topics, earlier)
    context.emit("debate.topic_chosen", key="topic", topic=topic, candidates=candidates)
    return {"topic": topic, "candidates": candidates}


async def moderator(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Hand over the floor, or close the debate."""
    context, input = runtime.context, read_input(state)
    at = state.get("turn", 0)
    context.progress("speeches", done=at, total=len(input.turns), unit="turns")
    turn = find_turn(state)
    if turn is not None:
        context.emit("debate.floor_given", key=f"floor:{at}", turn=at + 1, speaker=turn.speaker, stage=turn.stage)
    return {"topic": state.get("topic") or input.topic, "turn": at, "draft": 1, "feedback": None, "evidence": []}


async def evidence_finder(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Search the collection and the given sources for the side that is about to speak."""
    context, turn, input = runtime.context, get_turn(state), read_input(state)
    asked = await _ask_queries(state, context)
    queries = asked.queries or [state["topic"]]
    passages = await find_evidence(context, input, queries)
    context.emit(
        "debate.evidence_found",
        key=f"evidence:{state['turn']}",
        turn=state["turn"] + 1,
        speaker=turn.speaker,
        queries=queries,
        passages=len(passages),
    )
    return {"queries": queries, "evidence": [passage.model_dump(mode="json") for passage in passages]}


async def web_searcher(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Have the web searched for the side that is about to speak; without an answer the debate goes on."""
    context, turn, number = runtime.context, get_turn(state), state["turn"] + 1
    if not context.options.get("web_search"):
        return {"notes": {"web": NO_WEB}}
    asked = WebInput(topic=state["topic"], side=turn.speaker, queries=state["queries"])
    try:
        passages = read_findings(await context.run(WEB, asked), turn=number)
    except BudgetExceeded:
        raise
    except ModelFailed as error:
        return {"notes": {f"web:{number}": f"Turn {number}: the web search failed. {error.detail}"}}
    found = {passage.id: passage.model_dump(mode="json") for passage in passages}
    context.emit("debate.web_searched", key=f"web:{number}", turn=number, speaker=turn.speaker, found=[*found.values()])
    return {"web": found, "evidence": [*found.values(), *state["evidence"]]}


async def pro_debater(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Speak for the topic."""
    return await _speak(state, runtime.context)


async def con_debater(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Speak against the topic."""
    return await _speak(state, runtime.context)


async def person(state: DebateState) -> Update:
    """Ask the person whose turn it is; the run waits meanwhile."""
    answer = interrupt(ask_person(state), response_schema=ANSWER_SCHEMA)
    given = answer if isinstance(answer, dict) else {"text": str(answer)}
    text = str(given.get("text") or "")
    return {"pending": make_draft(state, text, by="person", forfeit=bool(given.get("forfeit")) and not text.strip())}


async def claim_splitter(state: DebateState, runtime: Runtime[Context]) -> Update:
    """List the claims of the draft."""
    claims = await list_claims(runtime.context.run, state["pending"]["text"])
    return {"to_check": [claim.model_dump(mode="json") for claim in claims]}


async def fact_checker(state: ClaimState, runtime: Runtime[Context]) -> Update:
    """Check one claim of the draft."""
    context, input = runtime.context, DebateInput.model_validate(state["input"])
    checked = await check_claim(
        context.run,
        Claim.model_validate(state["claim"]),
        knowledge=context.knowledge,
        filters=await find_filters(context, input),
        sources=input.sources,
        found=[Passage.model_validate(passage) for passage in state["web"]],
    )
    _tell_claim(context, state["speech_id"], checked)
    return {"claims": {f"{state['speech_id']}:{checked.id}": checked.model_dump(mode="json")}}


async def fact_check_router(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Rule on the checked draft: let it stand, send it back, or end the side's part."""
    context = runtime.context
    ruling, strikes = rule(state)
    speech = record_speech(state, ruling)
    for claim in speech.claims:
        _tell_claim(context, speech.id, claim)
    record = speech.model_dump(mode="json")
    update: Update = {"speeches": {speech.id: record}, "strikes": strikes}
    if ruling == "rejected":
        context.emit("debate.speech_rejected", key=f"speech:{speech.id}", speech=record, strikes=strikes)
        return update | {"draft": state["draft"] + 1, "feedback": tell_speaker(speech).model_dump(mode="json")}
    if ruling == "disqualified":
        context.emit("debate.speech_rejected", key=f"speech:{speech.id}", speech=record, strikes=strikes)
        context.emit("debate.side_disqualified", key="disqualified", side=speech.speaker, strikes=strikes)
        return update | {"disqualified": speech.speaker}
    context.emit("debate.speech_finished", key=f"speech:{speech.id}", speech=record, strikes=strikes)
    return update | {"turn": state["turn"] + 1, "feedback": None}


async def judge(state: BallotState, runtime: Runtime[Context]) -> Update:
    """Fill in one ballot; a judge who can't be heard leaves none."""
    try:
        judgement = await runtime.context.run(JUDGE, ask_judge(state))
    except ModelOutputInvalid:
        return {"ballots": {}}
    ballot = read_judgement(state, judgement).model_dump(mode="json")
    return {"ballots": {f"{state['judge']}:{state['order']}": ballot}}


async def verdict(state: DebateState, runtime: Runtime[Context]) -> Update:
    """Count the ballots and put the debate on record."""
    context, input = runtime.context, read_input(state)
    result = decide(state)
    context.emit("debate.judged", key="judged", verdict=result.model_dump(mode="json"))
    output = DebateOutput(
        engine=context.models.engine,
        topic=state["topic"],
        topic_candidates=state.get("candidates", []),
        human=input.human,
        plan=input.turns,
        speeches=list_speeches(state),
        strikes={"pro": 0, "con": 0, **state.get("strikes", {})},
        verdict=result,
        notes=[*state.get("notes", {}).values()],
    )
    return {"output": output.model_dump(mode="json")}


def decide(state: DebateState) -> DebateVerdict:
    """Return the verdict: disqualification decides before judgement, the panel's scores stand beside it."""
    ballots = sorted(state.get("ballots", {}).values(), key=lambda ballot: (ballot["judge"], ballot["order"]))
    panel = [Ballot.model_validate(ballot) for ballot in ballots]
    counted, out = tally(panel), state.get("disqualified")
    reason = explain(counted)
    if out is not None:
        reason = f"{out.capitalize()} is disqualified after {state['strikes'][out]} refuted drafts."
    return DebateVerdict(
        winner=other(out) if out else counted.winner,
        by="disqualification" if out else "judgement",
        reason=reason,
        scores=counted.scores,
        panel=panel,
        agreement=counted.agreement,
        swap_consistency=counted.swap_consistency,
    )


def explain(counted: Tally) -> str:
    """Say in a sentence how the panel came to its result."""
    if not counted.judges:
        return "No judge could be heard in both orders, so nobody wins."
    means = ", ".join(f"{name} {score.pro:.1f} to {score.con:.1f}" for name, score in counted.scores.items())
    result = "The panel is tied" if counted.winner == "tie" else f"The panel favours {counted.winner.capitalize()}"
    return f"{result} (Pro to Con: {means})."


def _tell_claim(context: Context, speech_id: str, claim: CheckedClaim) -> None:
    """Tell of a claim; done twice, as a crash among parallel checks can keep a result and lose its event."""
    told = claim.model_dump(mode="json")
    context.emit("debate.claim_checked", key=f"claim:{speech_id}:{claim.id}", speech_id=speech_id, claim=told)


async def _ask_queries(state: DebateState, context: Context) -> Queries:
    try:
        return await context.run(SEEK[get_turn(state).speaker], ask_queries(state))
    except ModelOutputInvalid:
        return Queries(queries=[])


async def _speak(state: DebateState, context: Context) -> Update:
    asked = ask_speech(state)
    node, speech_id = f"{asked.side}_debater", name_draft(state)
    try:
        draft = await context.run(
            SPEAK[asked.side],
            asked,
            on_delta=lambda text: context.delta(text, node=node, speech_id=speech_id, speaker=asked.side),
        )
    except ModelOutputInvalid:
        return {"pending": make_draft(state, "")}
    return {"pending": make_draft(state, draft.text)}
