"""Workbooks of Excel 2007 and later (XLSX, XLSM) as sheets; macros are ignored."""

import io
import re
import warnings
from datetime import date, datetime, time, timedelta
from zipfile import BadZipFile, ZipFile

from lxml import etree
from openpyxl import load_workbook
from openpyxl.cell import Cell
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from app.convert.archive import check_office
from app.convert.number_formats import show_moment, show_number
from app.convert.sheet import Range, Sheet, Shown
from app.errors import ConversionFailed

_WHAT = "workbook"
_INDENT_POINTS = 6.0
_FOOTNOTE = re.compile(r"\s*(?!(?:st|nd|rd|th)\b)[a-z*†‡](?:[\s,]*[a-z*†‡]){0,4}\s*")
_BROKEN = (BadZipFile, KeyError, ValueError, TypeError, AttributeError, IndexError, InvalidFileException, SyntaxError)

Formulas = dict[tuple[int, int], str]


def read_xlsx(content: bytes) -> tuple[list[Sheet], str]:
    """Return a workbook's sheets with values as shown, and its title. Raises ConversionFailed when it is damaged."""
    check_office(content, what=_WHAT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), data_only=True, keep_links=False, rich_text=True)
        formulas = _read_formulas(content)
        sheets = [_read_sheet(sheet, formulas.get(sheet.title, {})) for sheet in book.worksheets]
    except _BROKEN:
        raise ConversionFailed(f"The {_WHAT} is damaged and can't be read.") from None
    return sheets, book.properties.title or ""


def _read_sheet(source: Worksheet, formulas: Formulas) -> Sheet:
    sheet = Sheet(name=source.title, hidden=source.sheet_state != "visible")
    for (row, column), cell in source._cells.items():
        formula = formulas.get((row, column), "")
        if isinstance(cell, Cell) and (cell.value is not None or formula):
            sheet.put(row, column, _show(cell, formula))
    sheet.merged = [
        Range(top=m.min_row, left=m.min_col, bottom=m.max_row, right=m.max_col) for m in source.merged_cells.ranges
    ]
    sheet.hidden_rows = {row for row, size in source.row_dimensions.items() if size.hidden}
    for size in source.column_dimensions.values():
        if size.hidden and size.min:
            sheet.hidden_columns.update(range(size.min, (size.max or size.min) + 1))
    return sheet


def _show(cell: Cell, formula: str) -> Shown:
    value, pattern = cell.value, cell.number_format or "General"
    number = isinstance(value, (int, float, date, datetime, time, timedelta)) and not isinstance(value, bool)
    text = _text(value, pattern)
    return Shown(
        text=text or formula,
        strong=bool(cell.font and cell.font.b),
        indent=(cell.alignment.indent or 0) * _INDENT_POINTS if cell.alignment else 0.0,
        formula=formula,
        format=pattern if number else "",
        note=cell.comment.text.strip() if cell.comment and cell.comment.text else "",
    )


def _text(value: object, pattern: str) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return show_number(value, pattern)
    if isinstance(value, (date, time, timedelta)):
        return show_moment(value, pattern)
    return _read_rich(value) if isinstance(value, CellRichText) else "" if value is None else str(value)


def _read_rich(value: CellRichText) -> str:
    """Return a text set in several types, without the raised letters that refer to footnotes."""
    kept: list[str] = []
    for part in value:
        raised = isinstance(part, TextBlock) and part.font.vertAlign == "superscript"
        if not (kept and raised and _FOOTNOTE.fullmatch(str(part))):
            kept.append(str(part))
    return "".join(kept)


def _read_formulas(content: bytes) -> dict[str, Formulas]:
    """Return formulas by sheet and cell; of a formula filled over a range, the first cell's."""
    with ZipFile(io.BytesIO(content)) as archive:
        targets = {
            link.get("Id"): (link.get("Target") or "").removeprefix("/").removeprefix("xl/")
            for link in etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), _parser())
        }
        book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
        found: dict[str, Formulas] = {}
        for sheet in book.iter("{*}sheet"):
            link = next((value for name, value in sheet.attrib.items() if str(name).endswith("}id")), "")
            path = f"xl/{targets.get(link, '')}"
            if path in archive.namelist():
                found[str(sheet.get("name"))] = _sheet_formulas(archive.read(path))
        return found


def _sheet_formulas(xml: bytes) -> Formulas:
    formulas: Formulas = {}
    if b"<f" not in xml and b":f" not in xml:
        return formulas
    for _, element in etree.iterparse(io.BytesIO(xml), tag="{*}c", resolve_entities=False, no_network=True):
        formula = element.find("{*}f")
        if formula is not None and formula.text:
            formulas[coordinate_to_tuple(element.get("r", "A1"))] = f"={formula.text}"
        element.clear()
    return formulas


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)
