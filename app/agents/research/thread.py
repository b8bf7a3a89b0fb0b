"""What a thread hands on: earlier questions, what was found for them, and how a question that leans on them reads."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from app.agents.research.cues import LATEST, LEANING, NEXT, QUARTER_BACK, YEAR_BACK
from app.agents.research.documents import Known, name_issuers
from app.agents.research.questions import Reading, read_question
from app.agents.research.schemas import ResearchOutput
from app.db import Json
from app.knowledge.periods import Found, Period, find_periods

LAST_TURNS = 3
ANSWER_CHARACTERS = 400
NEAR_DAYS = 10
"""How far the end of a period may lie from a year before or after another, as years of whole weeks have it."""


ARTICLE = re.compile(r"\b(?:the|as of|at|on)\s+$", re.IGNORECASE)
COUNTS = {3: "three", 6: "six", 9: "nine", 12: "twelve"}


class Turn(BaseModel):
    """An earlier question of the thread in words that stand alone, and the beginning of its answer."""

    question: str
    answer: str
    entry_ids: list[UUID] = Field(default_factory=list, description="what was found for it, what was cited first")


def read_turns(outputs: Iterable[Json]) -> list[Turn]:
    """Return the turns of earlier outputs, oldest first."""
    return [_turn(ResearchOutput.model_validate(output)) for output in outputs]


def known_entries(turns: Sequence[Turn]) -> list[UUID]:
    """Return what the thread has found, the newest turn's first."""
    return list(dict.fromkeys(i for turn in reversed(turns) for i in turn.entry_ids))


def complete_question(text: str, turns: Sequence[Turn], documents: Sequence[Known]) -> str:
    """Return a question that leans on the one before in words that stand alone; any other as it is."""
    if not turns:
        return text
    base, reading = turns[-1].question, read_question(text, documents)
    if not (LEANING.search(text) or not reading.measure):
        return text
    if shifted := _shifted(text, base, documents):
        return shifted
    if reading.measure:
        return _framed(text, reading, base, documents)
    issuers = name_issuers(text, documents)
    replaced = _with_issuer(base, issuers, documents) if issuers else base
    said = _when_said(text)
    return _with_period(replaced, said) if said else replaced


def _when_said(text: str) -> str:
    """Return the words that tell for when a question asks: its periods, or "latest quarter"; empty for none."""
    if spans := find_periods(text):
        return text[spans[0][0] : spans[-1][1]]
    latest = LATEST.search(text)
    return latest[0] if latest else ""


def _turn(output: ResearchOutput) -> Turn:
    cited = [c.entry_id for c in output.citations]
    found = [f.entry_id for f in output.findings]
    asked = [step.question for step in output.plan if not step.beside]
    alone = asked[0] if len(asked) == 1 else output.question
    return Turn(
        question=alone, answer=output.answer[:ANSWER_CHARACTERS], entry_ids=list(dict.fromkeys([*cited, *found]))
    )


def _shifted(text: str, base: str, documents: Sequence[Known]) -> str | None:
    """Return the earlier question about the year or quarter before or after its own, or None."""
    years = bool(YEAR_BACK.search(text))
    spans = find_periods(base)
    if not spans or not (years or QUARTER_BACK.search(text)):
        return None
    step = 1 if NEXT.search(text) else -1
    own = [d for d in documents if d.names & set(name_issuers(base, documents))] or list(documents)
    for found in sorted(spans, reverse=True, key=lambda s: s[0]):
        said = _year_away(found[2], step, own) if years else _quarter_away(found[2], step, own)
        if said is None:
            return None
        base = _replaced(base, found, said)
    return base


def _year_away(period: Period, step: int, documents: Sequence[Known]) -> str | None:
    if match := re.fullmatch(r"(?:fy:)?(\d{4})(?:q([1-4]))?", period.form):
        year = int(match[1]) + step
        return f"Q{match[2]} {year}" if match[2] else f"fiscal {year}" if period.form.startswith("fy") else str(year)
    if period.end is None:
        return None
    wanted = _plus_years(period.end, step)
    end = next((d.end for d in documents if d.end and abs((d.end - wanted).days) <= NEAR_DAYS), None)
    label = next((label for d in documents if d.end == period.end for label in sorted(d.labels)), "")
    if end is None and period.months == 3 and (match := re.fullmatch(r"(\d{4})q([1-4])", label)):
        return f"Q{match[2]} {int(match[1]) + step}"
    return _said(period, end or wanted)


def _quarter_away(period: Period, step: int, documents: Sequence[Known]) -> str | None:
    if match := re.fullmatch(r"(\d{4})q([1-4])", period.form):
        count = int(match[1]) * 4 + int(match[2]) - 1 + step
        return f"Q{count % 4 + 1} {count // 4}"
    ends = sorted({d.end for d in documents if d.end and period.end and (d.end - period.end).days * step > 0})
    return _said(period, ends[0 if step > 0 else -1]) if ends and period.months in (3, None) else None


def _said(period: Period, end: date) -> str:
    day = f"{end:%B} {end.day}, {end.year}"
    return f"the {COUNTS[period.months]} months ended {day}" if period.months in COUNTS else f"as of {day}"


def _plus_years(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=min(day.day, 28) if day.month == 2 else day.day)


def _replaced(text: str, found: Found, said: str) -> str:
    start, end, _ = found
    before = ARTICLE.sub("", text[:start]) if said.startswith(("the ", "as of ")) else text[:start]
    return f"{before}{said}{text[end:]}"


def _with_period(base: str, said: str) -> str:
    spans = find_periods(base)
    if not spans:
        return f"{base.rstrip(' ?')} ({said})?"
    return f"{base[: spans[0][0]]}{said}{base[spans[-1][1] :]}"


def _with_issuer(base: str, issuers: Sequence[str], documents: Sequence[Known]) -> str:
    named = name_issuers(base, documents)
    new = issuers[0].title()
    for name in sorted(named, key=len, reverse=True):
        found = re.search(rf"\b{re.escape(name)}\b", base, re.IGNORECASE)
        if found:
            return f"{base[: found.start()]}{new}{base[found.end() :]}"
    return f"{base.rstrip(' ?')} ({new})?"


def _framed(text: str, reading: Reading, base: str, documents: Sequence[Known]) -> str:
    """Return a question with the issuers and periods of the one before where it names none of its own."""
    issuers = [] if reading.issuers or reading.names else list(name_issuers(base, documents))
    spans = [] if reading.periods or reading.spread or reading.latest else find_periods(base)
    frame = [*issuers, *(base[start:end] for start, end, _ in spans)]
    return f"{text.rstrip(' ?')} ({', '.join(frame)})?" if frame else text
