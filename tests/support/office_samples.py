"""The samples that are Office files: the report's figures as a workbook, and the press release."""

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter
from docx import Document
from docx.document import Document as WordDocument
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.support.halden import ASSETS, LIABILITIES, QUARTERS, SEGMENTS, Row, balance_rows, income_rows, total

WRITTEN = datetime(2025, 10, 28, 7, 0)
SMALLEST_DATE = (1980, 1, 1, 0, 0, 0)


def write_workbook(path: Path) -> None:
    """Write the report's statements and the segments' shares, with formulas where a sheet would have them."""
    with xlsxwriter.Workbook(str(path)) as book:
        book.set_properties({"title": "Halden Instruments figures, Q3 2025", "created": WRITTEN})
        note = "($ in millions, except per share amounts)"
        _write_statement(book, "Income statement", "Three Months Ended", QUARTERS, income_rows(), note)
        dates = ("September 30, 2025", "December 31, 2024")
        _write_statement(book, "Balance sheet", "As of", dates, balance_rows(), "($ in millions)")
        _write_segments(book)


def _write_statement(
    book: Workbook, name: str, heading: str, dates: Sequence[str], rows: Sequence[Row], note: str
) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 40)
    sheet.write(0, 0, f"Halden Instruments, Inc. {name.lower()}", bold)
    sheet.write(1, 0, note)
    sheet.merge_range(2, 1, 2, 2, heading, bold)
    sheet.write_row(3, 1, dates, bold)
    for index, (label, pair) in enumerate(rows, start=4):
        summed = label.startswith("Total") or label in ("Operating income", "Net income")
        sheet.write(index, 0, label.strip(), bold if summed else _indented(book, label))
        pattern = "0.00" if "per share" in label else '#,##0.0;(#,##0.0);"–"'
        for column, value in enumerate(pair or (), start=1):
            shown = book.add_format({"num_format": pattern, "bold": summed})
            _write_figure(sheet, index, column, label, value, shown)
    sheet.write(len(rows) + 5, 0, "Unaudited.")


def _indented(book: Workbook, label: str) -> Format:
    return book.add_format({"indent": 1 if label.startswith(" ") else 0})


def _write_figure(sheet: Worksheet, row: int, column: int, label: str, value: float, shown: Format) -> None:
    letter = "ABC"[column]
    counts = {"Total net sales": len(SEGMENTS), "Total assets": len(ASSETS), "Total liabilities": len(LIABILITIES)}
    if label in counts:
        sheet.write_formula(row, column, f"=SUM({letter}{row - counts[label] + 1}:{letter}{row})", shown, value)
    else:
        sheet.write_number(row, column, value, shown)


def _write_segments(book: Workbook) -> None:
    sheet = book.add_worksheet("Net sales by segment")
    bold, percent = book.add_format({"bold": True}), book.add_format({"num_format": "0.0%"})
    money = book.add_format({"num_format": "#,##0.0"})
    sheet.set_column(0, 4, 18)
    sheet.write(0, 0, "Net sales by segment", bold)
    sheet.write(1, 0, "($ in millions)")
    sheet.write_row(2, 0, ["Segment", "Q3 2025", "Q3 2024", "Change", "Share of Q3 2025 sales"], bold)
    sales = total(*SEGMENTS.values())
    for row, (name, (now, before)) in enumerate(SEGMENTS.items(), start=3):
        sheet.write(row, 0, name)
        sheet.write_number(row, 1, now, money)
        sheet.write_number(row, 2, before, money)
        sheet.write_formula(row, 3, f"=B{row + 1}/C{row + 1}-1", percent, now / before - 1)
        sheet.write_formula(row, 4, f"=B{row + 1}/'Income statement'!B9", percent, now / sales[0])


def write_press_release(path: Path) -> None:
    """Write the press release. It differs from the report in two places: cash, and how long Durham stood."""
    document = Document()
    properties = document.core_properties
    properties.title, properties.author = "Halden Instruments reports third quarter 2025 results", "Halden Instruments"
    properties.created = properties.modified = WRITTEN
    for write in (_lead, _highlights, _durham, _outlook):
        write(document)
    file = io.BytesIO()
    document.save(file)
    _settle(file.getvalue(), path)


def _lead(document: WordDocument) -> None:
    document.add_heading("Halden Instruments reports third quarter 2025 results", 0)
    document.add_paragraph("Halden, Norway, October 28, 2025. Unaudited figures.")
    document.add_paragraph(
        "Halden Instruments, Inc. today announced total net sales of $698.4 million for the third quarter of 2025, "
        "compared with $602.8 million in the third quarter of 2024. Net income was $107.8 million, or $1.28 per "
        "diluted share. Cash and cash equivalents were $362.9 million as of September 30, 2025."
    )
    document.add_paragraph(
        "“Hospitals are replacing their analysers, and they stay with our service,” said Ingrid Solberg, chief "
        "executive. “Software is now a business of its own.”"
    )


def _highlights(document: WordDocument) -> None:
    document.add_heading("Highlights of the quarter", 1)
    table = document.add_table(rows=0, cols=3, style="Light Grid Accent 1")
    lines = [("Segment", "What changed", "Why"), *HIGHLIGHTS]
    for line in lines:
        for cell, text in zip(table.add_row().cells, line, strict=True):
            cell.text = text


HIGHLIGHTS = (
    ("Laboratory", "Sales of $412.6 million, up 10.9%", "The HX-40 analyser made up 22% of the segment's sales"),
    ("Field Service", "Sales of $188.3 million, up 17.2%", "1,150 new contracts; response in 19 hours on average"),
    ("Software", "Sales of $97.5 million, up 38.9%", "2,640 laboratories use Halden Cloud"),
)


def _durham(document: WordDocument) -> None:
    document.add_heading("Durham plant", 1)
    document.add_paragraph(
        "On August 14, 2025 the Durham plant stopped for six days after a cooling failure. Shipments of about "
        "$11 million moved into the fourth quarter."
    )


def _outlook(document: WordDocument) -> None:
    document.add_heading("Outlook", 1)
    for text in (
        "Total net sales for the full year 2025 between $2,650 million and $2,700 million.",
        "Capital expenditures of about $95 million.",
        "No acquisition before long-term debt is below $400 million.",
    ):
        document.add_paragraph(text, style="List Bullet")
    document.add_heading("About Halden Instruments", 1)
    document.add_paragraph(
        "Halden Instruments designs laboratory analysers, services them at customer sites, and sells the software that "
        "runs them. It employs 4,310 people and has plants in Gothenburg, Sweden and Durham, North Carolina."
    )


def _settle(content: bytes, path: Path) -> None:
    """Write an Office file with the same dates in its directory each time, so that writing it anew changes nothing."""
    with ZipFile(io.BytesIO(content)) as source, ZipFile(path, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            info = ZipInfo(name, SMALLEST_DATE)
            info.compress_type = ZIP_DEFLATED
            target.writestr(info, source.read(name))
