"""The debate's tasks without a model: nothing is said that no source says, beyond fixed phrases."""

from app.agents.debate.arguments import write_speech
from app.agents.debate.rules import other
from app.agents.debate.scoring import judge_offline
from app.agents.debate.stance import name_measures
from app.agents.debate.tasks import JUDGE, SEEK, SPEAK, TOPIC, Draft, Queries, SeekInput, SpeakInput
from app.agents.debate.topics import propose_offline
from app.knowledge.claims import tasks as claims
from app.knowledge.claims.words import DIRECTIONS, find_stems, list_words
from app.llm.task import OfflineFunctions

MAX_QUERIES = 8


def seek_offline(input: SeekInput) -> Queries:
    """Search for what the topic is about, for each thing it compares, and for the other side's latest claims."""
    subject, _, rival = input.topic.partition(" than ")
    theirs = [heard for heard in input.transcript if heard.speaker == other(input.side)]
    claims_made = theirs[-1].claims if theirs else []
    sides = (subject, rival) if rival else (input.topic,)
    measured = [f"{_names(side)} {words}" for words in name_measures(input.topic) for side in sides]
    own = [_telling(subject), _telling(f"{rival} {_lower_words(subject)}")] if rival else [_telling(input.topic)]
    compared = measured or own if rival else [*own, *measured]
    queries = [*compared, *claims_made]
    return Queries(queries=list(dict.fromkeys(queries))[:MAX_QUERIES])


def _telling(text: str) -> str:
    """Return the words of a text that a search can use: no function words, no more or less."""
    return " ".join(word for word in list_words(text) if find_stems(word) - DIRECTIONS)


def _names(text: str) -> str:
    return " ".join(word for word in list_words(text) if word[0].isupper())


def _lower_words(text: str) -> str:
    return " ".join(word for word in list_words(text) if word.islower())


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
