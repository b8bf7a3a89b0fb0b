"""Workbooks: tokens of their pages against a listing of their cells, and questions about cells answered by search.

The plain listing is SpreadsheetLLM's "vanilla" encoding (Dong et al., 2024): every cell of each sheet's used range as
`address,value,number format`, row by row; `listed_filled` leaves the empty cells out. `pages` is what is stored and
searched, `outline` the compressed pages at the workbook's head. Tokens are those of the local embedder's tokeniser.

Questions are lines of JSON: `file`, `question`, the `sheet` and `cell` of the answer, which is read from the workbook
itself, and `also`, other cells (`Sheet!A1`) that give the same figure. One is answered when a hit among the first K
names the value and stands on a page whose range has one of the cells.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries
from tokenizers import Tokenizer

from app.convert.document import Converted
from app.convert.sheet import Sheet, letters
from app.convert.sheets import convert_xlsx
from app.convert.xlsx import read_xlsx
from app.db import Json
from app.knowledge.figures import Figure, find_figures
from app.llm.local_embedder import installed_model
from app.resources import Resources
from benchmarks.support import (
    ingest_all,
    open_knowledge,
    open_service,
    over_documents,
    read_lines,
    report,
    say,
)

QUESTIONS = Path(__file__).with_name("spreadsheets.jsonl")
DEPTHS = (1, 3, 10)
MOST_PAGES = 5000


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and the cells (sheet, address) its answer stands in; `value` as the first of them shows it."""

    file: str
    text: str
    cells: tuple[tuple[str, str], ...]
    value: str


def list_cells(sheet: Sheet, *, empty: bool) -> Iterator[str]:
    """Give a sheet's cells as `address,value,format`, those of its used range that are empty as well if wanted."""
    used = sheet.used
    for row in range(used.top, used.bottom + 1):
        for column in range(used.left, used.right + 1):
            cell = sheet.rows.get(row, {}).get(column)
            if cell is not None:
                yield f"{letters(column)}{row},{cell.text},{cell.format or 'General'}"
            elif empty:
                yield f"{letters(column)}{row},,General"


def count_tokens(path: Path, tokenizer: Tokenizer) -> Json:
    """Return a workbook's tokens in each encoding."""
    content = path.read_bytes()
    sheets = [sheet for sheet in read_xlsx(content)[0] if sheet.rows]
    converted = convert_xlsx(content, max_pages=MOST_PAGES)

    def tokens(texts: Sequence[str]) -> int:
        return sum(len(encoding.ids) for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False))

    counts: Json = {
        "listed": tokens(["|".join(list_cells(sheet, empty=True)) for sheet in sheets]),
        "listed_filled": tokens(["|".join(list_cells(sheet, empty=False)) for sheet in sheets]),
        "pages": tokens([page.markdown for page in converted.pages]),
        "outline": tokens([page.markdown for page in converted.pages if not page.label]),
    }
    counts["pages_fewer"] = round(counts["listed"] / counts["pages"], 1)
    counts["outline_fewer"] = round(counts["listed"] / counts["outline"], 1) if counts["outline"] else None
    return counts


def read_questions(path: Path, folder: Path) -> list[Question]:
    """Return the questions with their answers looked up in the workbooks."""
    rows = read_lines(path)
    sheets = {
        (name, sheet.name): sheet
        for name in {row["file"] for row in rows}
        for sheet in read_xlsx((folder / name).read_bytes())[0]
    }
    return [
        Question(
            file=row["file"],
            text=row["question"],
            cells=((row["sheet"], row["cell"]), *(_split(address) for address in row.get("also", ()))),
            value=_value(sheets[row["file"], row["sheet"]], row["cell"]),
        )
        for row in rows
    ]


def _value(sheet: Sheet, cell: str) -> str:
    row, column = coordinate_to_tuple(cell)
    return sheet.rows[row][column].text


def _split(address: str) -> tuple[str, str]:
    sheet, _, cell = address.rpartition("!")
    return sheet, cell


def covers(label: str, question: Question) -> bool:
    """Whether a page's label, such as `Summary!B7:AD48`, has one of the question's cells."""
    sheet, area = _split(label)
    return any(_is_in(cell, area) for own, cell in question.cells if own == sheet)


def _is_in(cell: str, area: str) -> bool:
    left, top, right, bottom = range_boundaries(area)
    row, column = coordinate_to_tuple(cell)
    return (top or 0) <= row <= (bottom or 0) and (left or 0) <= column <= (right or 0)


def names(text: str, value: str) -> bool:
    """Whether a text has a cell's figure, at any scale, its sign aside."""
    wanted = _digits(value)
    return any(_digits(figure.text) == wanted for figure in _figures(text))


def _figures(text: str) -> list[Figure]:
    return list(find_figures(text))


def _digits(text: str) -> str:
    return re.sub(r"[^\d.]", "", text).rstrip(".")


async def find_rank(resources: Resources, question: Question, labels: dict[tuple[str, int], str]) -> int | None:
    """Return the rank of the first hit that answers, counted from 1, or None."""
    hits = await open_knowledge(resources).search(question.text, limit=max(DEPTHS))
    for rank, hit in enumerate(hits, start=1):
        on_page = any(covers(labels.get((hit.entry.filename, page), ""), question) for page in hit.entry.pages)
        if on_page and names(hit.entry.text, question.value):
            return rank
    return None


async def answer(folder: Path, questions: Sequence[Question]) -> list[int | None]:
    """Ingest the workbooks the questions are about and return each one's rank."""
    paths = sorted({folder / question.file for question in questions})
    labels: dict[tuple[str, int], str] = {}
    for path in paths:
        converted: Converted = convert_xlsx(path.read_bytes(), max_pages=MOST_PAGES)
        labels |= {(path.name, page.number): page.label for page in converted.pages}
    async with open_service() as resources:
        await ingest_all(resources, paths)
        ranks = [await find_rank(resources, question, labels) for question in questions]
    for question, rank in zip(questions, ranks, strict=True):
        say(f"{rank or '-':>4}  {question.text} {question.value}")
    return ranks


async def measure(folder: Path, questions: Path, *, tokens_only: bool) -> None:
    """Count tokens, ask the questions, and print the figures."""
    tokenizer = Tokenizer.from_file(str(installed_model() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    figures: Json = {"tokens": {path.name: count_tokens(path, tokenizer) for path in sorted(folder.glob("*.xlsx"))}}
    for name, counts in figures["tokens"].items():
        say(f"{name}: {counts}")
    if not tokens_only:
        ranks = await answer(folder, read_questions(questions, folder))
        figures["questions"] = len(ranks)
        figures["answered"] = {str(k): sum(rank is not None and rank <= k for rank in ranks) for k in DEPTHS}
    report(((name, figures[name]) for name in figures), figures)


def main() -> None:
    """Read the command line and measure."""
    parser = over_documents(__doc__)
    parser.add_argument("--questions", type=Path, default=QUESTIONS)
    parser.add_argument("--tokens-only", action="store_true")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.documents, chosen.questions, tokens_only=chosen.tokens_only))


if __name__ == "__main__":
    main()
