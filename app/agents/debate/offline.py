"""The debate's tasks without a model: nothing is said that no source says, beyond fixed phrases."""

from app.agents.debate.arguments import write_speech
from app.agents.debate.rules import other
from app.agents.debate.scoring import judge_offline
from app.agents.debate.tasks import JUDGE, SEEK, SPEAK, TOPIC, Draft, Queries, SeekInput, SpeakInput
from app.agents.debate.topics import propose_offline
from app.knowledge.claims import tasks as claims
from app.llm.task import OfflineFunctions

MAX_QUERIES = 4


def seek_offline(input: SeekInput) -> Queries:
    """Search for the topic, each thing it compares, and the other side's latest claims."""
    parts = [part.strip() for part in input.topic.split(" than ")]
    theirs = [heard for heard in input.transcript if heard.speaker == other(input.side)]
    claims_made = theirs[-1].claims if theirs else []
    queries = [input.topic, *(parts if len(parts) > 1 else []), *claims_made]
    return Queries(queries=list(dict.fromkeys(queries))[:MAX_QUERIES])


def speak_offline(input: SpeakInput) -> Draft:
    """Build a speech of quoted evidence."""
    return Draft(text=write_speech(input))


OFFLINE: OfflineFunctions = {
    **claims.OFFLINE,
    TOPIC.name: propose_offline,
    SEEK["pro"].name: seek_offline,
    SPEAK["pro"].name: speak_offline,
    JUDGE.name: judge_offline,
}
