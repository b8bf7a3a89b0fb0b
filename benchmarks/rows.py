"""Figures put into the wrong row: how many the gate tells, and how many true ones it drops.

`python -m benchmarks.rows --documents DIR` reads the tables of a folder's documents. Each sentence of one cell is asked
as it stands, and once more with the figure of another row of its column in place of its own, chosen by `--seed`.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.agents.pyramid.card import describe
from app.agents.pyramid.rows import PageRows
from app.agents.pyramid.statements import Statement, read_tables
from app.convert.document import Page
from app.convert.registry import find_family
from app.db import Json
from app.errors import AppError
from benchmarks.support import over_documents, report, say

FIRST_PAGES = 4
MOST_PAGES = 5000
DIGITS = re.compile(r"\d[\d,]*(?:\.\d+)?")


def swap(statement: Statement, page: Page, chance: random.Random) -> str | None:
    """Return a sentence with a figure of its column's other rows in place of its own, None where there is none."""
    table = next(table for table in page.tables if table.number == statement.table)
    cells, (shown,) = table.rows[statement.row].cells, statement.shown
    column, own = cells.index(shown), DIGITS.findall(shown)
    others = [row.cells[column] for n, row in enumerate(table.rows) if n != statement.row and column < len(row.cells)]
    figures = [found[0] for cell in others if len(found := DIGITS.findall(cell)) == 1 and len(found[0]) > 1]
    figures = [figure for figure in figures if figure not in own]
    if len(own) != 1 or statement.text.count(own[0]) != 1 or not figures:
        return None
    return statement.text.replace(own[0], chance.choice(figures))


def ask(pages: Sequence[Page], name: str, title: str, chance: random.Random) -> Iterator[tuple[str, bool]]:
    """Yield "true" or "swapped" for each sentence of a cell, and whether the gate told of another row."""
    card = describe(name, title, pages[:FIRST_PAGES], [table.unit_note for page in pages for table in page.tables])
    for before, page in zip([None, *pages], pages, strict=False):
        rows = PageRows(page)
        for statement in read_tables(page, card, before=before):
            if len(statement.shown) != 1 or len(statement.facts) != 1:
                continue
            yield "true", bool(rows.find_misplaced(statement.text))
            if swapped := swap(statement, page, chance):
                yield "swapped", bool(rows.find_misplaced(swapped))


def measure(documents: Path, seed: int) -> None:
    """Convert the documents, ask and print."""
    chance, asked = random.Random(seed), Counter[tuple[str, bool]]()
    for path in sorted(documents.iterdir()):
        content = path.read_bytes()
        try:
            converted = find_family(content, path.name, "").read(content, max_pages=MOST_PAGES)
        except AppError as problem:
            say(f"{path.name}: {problem.detail}")
            continue
        asked.update(ask(converted.pages, path.name, converted.title, chance))
        say(f"{path.name}: {len(converted.pages)} pages, {asked.total()} sentences so far")
    figures: Json = {
        "swapped": asked["swapped", True] + asked["swapped", False],
        "told": _share(asked, "swapped"),
        "true": asked["true", True] + asked["true", False],
        "true_dropped": _share(asked, "true"),
    }
    report(figures.items(), figures)


def _share(asked: Counter[tuple[str, bool]], kind: str) -> float:
    return round(asked[kind, True] / max(asked[kind, True] + asked[kind, False], 1), 4)


def main() -> None:
    """Read the command line and measure."""
    parser = over_documents(__doc__)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    measure(chosen.documents, chosen.seed)


if __name__ == "__main__":
    main()
