"""Questions with what is known of their answers: read from a file of questions, or made from known figures."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from app.db import Json
from app.knowledge.figures import Figure, find_figures
from benchmarks.support import read_lines

NUMBER = re.compile(r"[-(]?\s?[$€£]?\s?[-(]?\d[\d,]*(?:\.\d+)?\)?\s?%?")
SCALES = tuple(Decimal(10) ** power for power in (0, 3, 6, 9))
SPANS = {3: "the three months", 6: "the six months", 9: "the nine months", 12: "the fiscal year"}
DAYS_OF_A_MONTH = 30.4


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question with its gold answer, the files it needs (`any_source`: one of them), and the gold (file, page)s.

    `number` is the answer where it is one number: `exact` in plain units, else in whatever scale.
    """

    text: str
    answer: str
    sources: frozenset[str]
    any_source: bool = False
    pages: frozenset[tuple[str, int]] = frozenset()
    number: Decimal | None = None
    exact: bool = False

    def is_answered_by(self, figure: Figure) -> bool:
        """Tell whether a figure is the gold number within 1%."""
        if self.number is None:
            return False
        value, wanted = abs(figure.value), abs(self.number)
        scales = SCALES[:1] if self.exact else SCALES
        return any(abs(value - wanted * scale) <= wanted * scale / 100 for scale in scales)

    def has_sources(self, cited: frozenset[str]) -> bool:
        """Tell whether the files it needs are among those cited."""
        return bool(self.sources & cited) if self.any_source else self.sources <= cited


def read_questions(path: Path) -> list[Question]:
    """Read a file of questions: lines with `question`, `answer`, and `source_docs` or `gold`."""
    return [_question(row) for row in read_lines(path)]


def make_questions(path: Path) -> list[Question]:
    """Make one question of each figure a file of known facts has; files that state the same are alternatives."""
    by_text: dict[str, list[Json]] = {}
    for row in read_lines(path):
        by_text.setdefault(f"What was {_whose(row['company'])} {row['label']} {_when(row)}?", []).append(row)
    return [
        Question(
            text=text,
            answer=rows[0]["shown"],
            sources=frozenset(row["file"] for row in rows),
            any_source=True,
            number=Decimal(str(rows[0]["value"])),
            exact=True,
        )
        for text, rows in by_text.items()
    ]


def _question(row: Json) -> Question:
    gold: list[Any] = row.get("gold") or []
    answer = str(row["answer"])
    found = find_figures(answer.strip()) if NUMBER.fullmatch(answer.strip()) else []
    return Question(
        text=row["question"],
        answer=answer,
        sources=frozenset(row.get("source_docs") or [g["filename"] for g in gold]),
        pages=frozenset((g["filename"], int(g["page"])) for g in gold),
        number=found[0].value if found else None,
    )


def _whose(company: str) -> str:
    return f"{company}'" if company.endswith(("s", "S")) else f"{company}'s"


def _when(row: Json) -> str:
    if row.get("instant"):
        return f"as of {_day(row['instant'])}"
    days = (date.fromisoformat(row["end"]) - date.fromisoformat(row["start"])).days
    return f"in {SPANS[round(days / DAYS_OF_A_MONTH)]} ended {_day(row['end'])}"


def _day(iso: str) -> str:
    day = date.fromisoformat(iso)
    return f"{day:%B} {day.day}, {day.year}"
