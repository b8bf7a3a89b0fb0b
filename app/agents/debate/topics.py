"""Topics: near-duplicates, and candidates without a model. Pure."""

from collections.abc import Sequence

from app.agents.debate.tasks import Dispute, TopicInput, Topics
from app.knowledge.claims.words import find_direction, find_stems

NEAR = 0.6

STOCK = (
    "Remote work makes teams more productive",
    "Cities should close their centres to private cars",
    "Open-source software is safer than closed software",
    "A four-day week serves companies as well as people",
    "Museums should return what was taken in colonial times",
    "Standardised tests are the fairest way into a university",
    "Nuclear power belongs in a plan for clean energy",
    "Voting should be compulsory",
)
"""Written for this project; used when there is neither a theme nor a document."""


def drop_near(topics: Sequence[str], earlier: Sequence[str]) -> list[str]:
    """Return the topics that share less than 60% of their words (Jaccard, stems) with an earlier or a kept one."""
    kept: list[str] = []
    for topic in (" ".join(topic.split()) for topic in topics):
        if topic and not any(is_near(topic, known) for known in (*earlier, *kept)):
            kept.append(topic)
    return kept


def is_near(topic: str, known: str) -> bool:
    """Tell whether two topics come to the same."""
    mine, theirs = find_stems(topic), find_stems(known)
    union = mine | theirs
    return not union or len(mine & theirs) / len(union) >= NEAR


def choose_topic(candidates: Sequence[str], earlier: Sequence[str]) -> tuple[str, list[str]]:
    """Return the first new candidate and all new ones; when none is new, a stock topic; failing that, any."""
    fresh = drop_near(candidates, earlier) or drop_near(STOCK, earlier)
    return (fresh[0], fresh) if fresh else ((*candidates, *STOCK)[0], [])


def propose_offline(input: TopicInput) -> Topics:
    """Make topics of what documents disagree about, then of statements that something moved; else stock topics."""
    disputed = [_dispute(dispute) for dispute in input.disputes]
    moving = [line.rstrip(".") for line in input.material if find_direction(line) and 6 <= len(line.split()) <= 40]
    proposed = [*disputed, *(f"It is a lasting change that {_lower(line)}" for line in moving)] or [*STOCK]
    start = input.seed % len(proposed)
    fresh = drop_near([*proposed[start:], *proposed[:start]], input.earlier)
    return Topics(topics=fresh[: input.number])


def _dispute(dispute: Dispute) -> str:
    return f"{dispute.filename} is right, and {dispute.other_filename} wrong: {_lower(dispute.text.rstrip('.'))}"


def _lower(line: str) -> str:
    article = line.split(maxsplit=1)[0] in ("The", "A", "An", "In", "This", "These", "Its", "Their")
    return line[0].lower() + line[1:] if article else line
