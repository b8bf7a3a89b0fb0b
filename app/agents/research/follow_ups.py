"""Questions worth asking next, made of what was found and not used."""

import re
from collections.abc import Mapping, Sequence

from app.agents.research.documents import Known
from app.agents.research.questions import read_question
from app.agents.research.schemas import Finding
from app.agents.research.words import content_stems
from app.knowledge.names import possessive

MOST = 3
PAGE = re.compile(r"\bpage \d+", re.IGNORECASE)
"""A concept that is only named by its place says nothing to ask about."""


def suggest_follow_ups(
    question: str, documents: Sequence[Known], packed: Sequence[Finding], cited: set[str], groups: Mapping[str, str]
) -> list[str]:
    """Return up to three questions the collection can answer; without findings, what its documents are about."""
    if not cited:
        titles = [d.title or d.filename for d in documents]
        return [f"What does {title} say?" for title in dict.fromkeys(titles)][:MOST]
    reading = read_question(question, documents)
    facts = [fact for f in packed if f.id in cited for fact in f.facts]
    asked = set(content_stems(question))
    named = (name for i, name in groups.items() if name and not PAGE.search(name))
    about = [name for name in named if not set(content_stems(name)) <= asked]
    found = []
    if facts and reading.kind == "figure":
        found.append(f"How has {_whose(facts[0].entity)}{facts[0].measure} changed over time?")
    found += [f"What do the documents say about “{name}”?" for name in dict.fromkeys(about)]
    return found[:MOST]


def _whose(entity: str) -> str:
    return f"{possessive(entity)} " if entity else ""
