"""Real filings and files that break readers; skipped where the data folder is absent."""

import asyncio
from pathlib import Path

import pytest

from app.convert.document import Table
from app.convert.guard import build_converter
from app.convert.html import convert_html
from app.convert.pdf import convert_pdf
from app.errors import AppError

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no data folder at {DATA.name}: real documents not tested")


def value(table: Table, label: str, column: tuple[str, ...]) -> str:
    row = next(row for row in table.rows if row.label == label)
    return row.cells[table.columns.index(column)]


def test_income_statement_of_a_pdf_filing_is_read_cell_by_cell() -> None:
    pages = convert_pdf((DATA / "sec_10q_pdf" / "2023 Q3 AAPL.pdf").read_bytes(), max_pages=100).pages
    (table,) = pages[3].tables
    assert "STATEMENTS OF OPERATIONS" in table.caption
    assert table.unit_note.startswith("(In millions")
    assert value(table, "Total net sales", ("Three Months Ended", "July 1, 2023")) == "81,797"
    assert value(table, "Other income/(expense), net", ("Nine Months Ended", "June 25, 2022")) == "(97)"
    assert value(table, "Diluted", ("Three Months Ended", "June 25, 2022")) == "$1.20"


def test_income_statement_of_an_inline_xbrl_filing_is_read_cell_by_cell() -> None:
    pages = convert_html((DATA / "sec_filings_html" / "aapl-10-k-2024-11-01.html").read_bytes(), max_pages=200).pages
    table = next(t for page in pages for t in page.tables if t.caption == "CONSOLIDATED STATEMENTS OF OPERATIONS")
    assert value(table, "Total net sales", ("Years ended", "September 28, 2024")) == "391,035"
    assert value(table, "Net income", ("Years ended", "September 24, 2022")) == "$99,803"


async def test_files_that_break_readers_end_in_pages_or_in_a_reason() -> None:
    paths = [path for path in (DATA / "messy_docs").rglob("*.*") if path.suffix in {".pdf", ".html", ".txt"}]
    small = [path for path in paths if path.stat().st_size < 700_000]
    assert small
    converter = build_converter(processes=2, seconds=30, memory_mb=1024, max_pages=3000)

    async def outcome(path: Path) -> str:
        try:
            converted = await converter.convert(path.read_bytes(), filename=path.name)
        except AppError as problem:
            return problem.detail
        return "" if all(page.markdown for page in converted.pages) else "a page without text or remark"

    outcomes = await asyncio.gather(*(outcome(path) for path in small))
    await converter.close()
    wrong = ("stopped the reader", "took longer", "more than", "remark")
    assert [o for o in outcomes if any(sign in o for sign in wrong)] == []
