"""Workbooks to pages: an outline, then one page a table region, cited by its cells' range."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.convert.blocks import Block, fill_pages, make_page
from app.convert.captions import find_caption
from app.convert.cells import Cell, is_year
from app.convert.document import Converted, Table, TableRow
from app.convert.grids import read_tables
from app.convert.sheet import Range, Sheet, has_name, letters
from app.convert.sheet_labels import indent_labels
from app.convert.sheet_outline import Region, outline_blocks
from app.convert.sheet_regions import find_regions
from app.convert.tables import table_markdown
from app.convert.xls import read_xls
from app.convert.xlsx import read_xlsx
from app.errors import ConversionFailed

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLS_TYPE = "application/vnd.ms-excel"
_PAGE_SIZE = 5000
_LEAST_ROWS = 8
_MOST_FORMULAS = 30


def convert_xlsx(content: bytes, *, max_pages: int) -> Converted:
    """Read a workbook (XLSX, XLSM). Raises ConversionFailed when it is damaged, encrypted or empty."""
    return _convert(content, read_xlsx, XLSX_TYPE, max_pages)


def convert_xls(content: bytes, *, max_pages: int) -> Converted:
    """Read an older workbook (XLS). Raises ConversionFailed when it is damaged, encrypted or empty."""
    return _convert(content, read_xls, XLS_TYPE, max_pages)


def _convert(
    content: bytes, read: Callable[[bytes], tuple[list[Sheet], str]], media_type: str, max_pages: int
) -> Converted:
    sheets, title = read(content)
    parts: list[_Part] = []
    regions: list[Region] = []
    for sheet in sheets:
        if sheet.rows:
            pieces, found = _read_sheet(sheet)
            parts += _fill_parts(sheet, pieces)
            regions += found
    if not parts:
        raise ConversionFailed("The workbook has no cells to read.")
    outline = fill_pages(outline_blocks(regions), _PAGE_SIZE) if len(regions) > 1 else []
    count = len(outline) + len(parts)
    if count > max_pages:
        raise ConversionFailed(f"The workbook makes {count:,} pages; at most {max_pages:,} are read.")
    pages = [make_page(number, blocks) for number, blocks in enumerate(outline, start=1)]
    for number, part in enumerate(parts, start=len(outline) + 1):
        pages.append(make_page(number, _page_blocks(part), label=f"{part.sheet.name}!{part.area.address}"))
    return Converted(media_type=media_type, pages=tuple(pages), title=title)


_NAMED = re.compile(r".*[^\W\d_]{2}.*[^:.!?]")
_VALUE = re.compile(r"[-(]?[$€£¥]?\s?\d")


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A text row, or a table or some of its rows, and where it stands."""

    area: Range
    block: Block


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What stands on one page."""

    sheet: Sheet
    area: Range
    blocks: tuple[Block, ...]


def _read_sheet(sheet: Sheet) -> tuple[list[_Piece], list[Region]]:
    """Return a sheet's texts and tables in order, and its regions."""
    sheet.fill_merged()
    pieces: list[_Piece] = []
    regions: list[Region] = []
    title = ""
    for area in find_regions(sheet):
        found = _read_region(sheet, area, [piece.block.markdown for piece in pieces], title)
        title = title or next((piece.block.markdown for piece in found if piece.block.kind == "text"), "")
        pieces += found
        regions.append(Region(sheet=sheet, area=area, tables=tuple(t for piece in found for t in piece.block.tables)))
    return pieces, regions


def _read_region(sheet: Sheet, area: Range, before: Sequence[str], title: str) -> list[_Piece]:
    rows = indent_labels(list(sheet.grid_rows(area)))
    caption, note = find_caption(before)
    tables = read_tables([cells for _, cells in rows], caption=caption, unit_note=note)
    if not tables:
        return [_text_piece(area, row, cells) for row, cells in rows]
    name = sheet.name if has_name(sheet.name) or not title else title
    tables = [replace(_date_quarters(table), caption=_name_caption(name, table)) for table in tables]
    pieces: list[_Piece] = []
    done = -1
    for piece in (piece for table in tables for piece in _cut(table)):
        first = _find_row(rows, piece.rows[0], done + 1)
        last = _find_row(rows, piece.rows[-1], first + len(piece.rows) - 1)
        top = rows[done + 1][0] if done + 1 < len(rows) else rows[first][0]
        block = Block(kind="table", markdown=table_markdown(piece, shown=caption, noted=note), tables=(piece,))
        pieces.append(_Piece(area=replace(area, top=top, bottom=rows[last][0]), block=block))
        done = last
    return pieces


def _name_caption(name: str, table: Table) -> str:
    """Return a table's caption with the name of its sheet, unless it says it already."""
    if table.caption in ("", table.stub):
        return name
    return table.caption if name.lower() in table.caption.lower() else f"{table.caption} ({name})"


def _text_piece(area: Range, row: int, cells: Sequence[Cell]) -> _Piece:
    """Return a row that is no table as text; a name beside one value is set off from it."""
    text = " ".join(cell.text for cell in cells)
    if len(cells) == 2 and _NAMED.fullmatch(cells[0].text) and _VALUE.match(cells[1].text):
        text = f"{cells[0].text}: {cells[1].text}"
    return _Piece(area=replace(area, top=row, bottom=row), block=Block(kind="text", markdown=text))


def _find_row(rows: Sequence[tuple[int, Sequence[Cell]]], wanted: TableRow, start: int) -> int:
    """Return the index of the first row from `start` on that shows a table row's label and cells."""
    texts = {wanted.label, *wanted.cells} - {""}
    for index in range(start, len(rows)):
        if texts <= {cell.text for cell in rows[index][1]}:
            return index
    return min(start, len(rows) - 1)


def _cut(table: Table) -> Iterator[Table]:
    """Cut a long table into pieces that fill a page each, all with its header."""
    rows: list[TableRow] = []
    size = 0
    for row in table.rows:
        length = len(row.label) + sum(len(cell) + 3 for cell in row.cells)
        if size + length > _PAGE_SIZE and len(rows) >= _LEAST_ROWS:
            yield replace(table, rows=tuple(rows))
            rows, size = [], 0
        rows.append(row)
        size += length
    yield replace(table, rows=tuple(rows))


def _fill_parts(sheet: Sheet, pieces: Sequence[_Piece]) -> Iterator[_Part]:
    """Give one page a table with the texts above it; texts alone fill pages."""
    page: list[_Piece] = []
    size = 0
    for piece in pieces:
        tables = any(held.block.tables for held in page)
        if page and (tables or size + len(piece.block.markdown) > _PAGE_SIZE):
            yield _part(sheet, page)
            page, size = [], 0
        page.append(piece)
        size += len(piece.block.markdown)
    yield _part(sheet, page)


def _part(sheet: Sheet, pieces: Sequence[_Piece]) -> _Part:
    areas = [piece.area for piece in pieces]
    area = Range(
        top=min(a.top for a in areas),
        left=min(a.left for a in areas),
        bottom=max(a.bottom for a in areas),
        right=max(a.right for a in areas),
    )
    return _Part(sheet=sheet, area=area, blocks=tuple(piece.block for piece in pieces))


def _page_blocks(part: _Part) -> list[Block]:
    hidden = " (hidden sheet)" if part.sheet.hidden else ""
    heading = Block(kind="heading", markdown=f"## {part.sheet.name} {part.area.address}{hidden}")
    return [heading, *part.blocks, *_notes(part.sheet, part.area)]


def _date_quarters(table: Table) -> Table:
    """Put the year over quarters that are closed by a column of their year: Q1, Q2, Q3, Q4, 2024."""
    columns = list(table.columns)
    year = ""
    for index in range(len(columns) - 1, -1, -1):
        path = columns[index]
        if len(path) == 1 and is_year(path[0]):
            year = path[0]
        elif year and len(path) == 1 and path[0].upper() in ("Q1", "Q2", "Q3", "Q4"):
            columns[index] = (year, path[0])
        else:
            year = ""
    return replace(table, columns=tuple(columns))


def _notes(sheet: Sheet, area: Range) -> Iterator[Block]:
    """Give what a table can't show: hidden rows and columns, formulas, people's notes on cells."""
    inside = [
        (f"{letters(column)}{row}", cell)
        for row in range(area.top, area.bottom + 1)
        for column, cell in sorted(sheet.rows.get(row, {}).items())
        if area.left <= column <= area.right
    ]
    rows = sorted(row for row in sheet.hidden_rows if area.top <= row <= area.bottom and row in sheet.rows)
    columns = sorted(column for column in sheet.hidden_columns if area.left <= column <= area.right)
    formulas = [f"{address} `{cell.formula}`" for address, cell in inside if cell.formula][:_MOST_FORMULAS]
    for name, items in (
        ("Hidden rows", [str(row) for row in rows]),
        ("Hidden columns", [letters(column) for column in columns]),
        ("Formulas", formulas),
        ("Notes on cells", [f"{address}: {' '.join(cell.note.split())}" for address, cell in inside if cell.note]),
    ):
        if items:
            yield Block(kind="text", markdown=f"{name}: {'; '.join(items)}")
