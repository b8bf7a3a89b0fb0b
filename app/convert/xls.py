"""Workbooks of older Excel (XLS) as sheets."""

from datetime import datetime, timedelta

import xlrd
from xlrd.biffh import XL_CELL_BOOLEAN, XL_CELL_DATE, XL_CELL_ERROR, XL_CELL_NUMBER, error_text_from_code
from xlrd.book import Book
from xlrd.compdoc import CompDocError
from xlrd.sheet import Cell
from xlrd.sheet import Sheet as OldSheet
from xlrd.xldate import XLDateError, xldate_as_datetime

from app.convert.number_formats import is_span, show_moment, show_number
from app.convert.sheet import Range, Sheet, Shown
from app.errors import ConversionFailed

_INDENT_POINTS = 6.0
_BROKEN = (xlrd.XLRDError, CompDocError, KeyError, ValueError, IndexError, AssertionError, TypeError, OverflowError)


class _Silent:
    """Takes what the reader would print about odd files."""

    def write(self, text: str) -> None: ...

    def flush(self) -> None: ...


def read_xls(content: bytes) -> tuple[list[Sheet], str]:
    """Return a workbook's sheets with values as shown, and no title. Raises ConversionFailed for a damaged one."""
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=_Silent())
        return [_read_sheet(book, sheet) for sheet in book.sheets()], ""
    except _BROKEN as error:
        if "encrypted" in str(error):
            raise ConversionFailed("The workbook is encrypted and needs a password.") from None
        raise ConversionFailed("The workbook is damaged and can't be read.") from None


def _read_sheet(book: Book, source: OldSheet) -> Sheet:
    sheet = Sheet(name=source.name, hidden=source.visibility != 0)
    for row in range(source.nrows):
        for column, cell in enumerate(source.row(row)):
            if cell.value != "":
                sheet.put(row + 1, column + 1, _show(book, cell))
    sheet.merged = [Range(top=r0 + 1, left=c0 + 1, bottom=r1, right=c1) for r0, r1, c0, c1 in source.merged_cells]
    sheet.hidden_rows = {row + 1 for row, info in source.rowinfo_map.items() if info.hidden}
    sheet.hidden_columns = {column + 1 for column, info in source.colinfo_map.items() if info.hidden}
    return sheet


def _show(book: Book, cell: Cell) -> Shown:
    style = book.xf_list[cell.xf_index] if cell.xf_index is not None else None
    pattern = book.format_map[style.format_key].format_str if style is not None else "General"
    return Shown(
        text=_text(book, cell, pattern),
        strong=style is not None and bool(book.font_list[style.font_index].bold),
        indent=style.alignment.indent_level * _INDENT_POINTS if style is not None else 0.0,
        format=pattern if cell.ctype in (XL_CELL_NUMBER, XL_CELL_DATE) else "",
    )


def _date(book: Book, value: float, pattern: str) -> str:
    if is_span(pattern):
        return show_moment(timedelta(days=value), pattern)
    try:
        moment: datetime = xldate_as_datetime(value, book.datemode)
    except XLDateError:
        return show_number(value, "General")
    return show_moment(moment.time() if value < 1 else moment, pattern)


def _text(book: Book, cell: Cell, pattern: str) -> str:
    if cell.ctype == XL_CELL_DATE:
        return _date(book, cell.value, pattern)
    if cell.ctype == XL_CELL_NUMBER:
        return show_number(cell.value, pattern)
    if cell.ctype == XL_CELL_BOOLEAN:
        return "TRUE" if cell.value else "FALSE"
    if cell.ctype == XL_CELL_ERROR:
        return str(error_text_from_code.get(cell.value, "#ERROR"))
    return str(cell.value)
