"""CSV to pages: any delimiter, the header row repeated on every page."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from app.convert.blocks import PAGE_SIZE, Block, make_page
from app.convert.cells import is_figure, is_unit_note, tidy
from app.convert.decode import decode
from app.convert.document import Converted, Table, TableRow
from app.convert.tables import table_markdown
from app.errors import ConversionFailed

_DELIMITERS = ",;\t|"
_TOLD = re.compile(r'"?sep=([^\w\s"]|\t)"?\n')
"""The line by which spreadsheet programs tell the delimiter."""
_SAMPLE = 20_000
_MOST_COLUMNS = 1000

Rows = list[list[str]]


def convert_csv(content: bytes, *, max_pages: int) -> Converted:
    """Read delimited text as one table over as many pages as it needs. Raises ConversionFailed when it has no rows."""
    rows = _read_rows(decode(content))
    if not rows:
        raise ConversionFailed("The file has no rows to read.")
    titles, rows = _split_titles(rows)
    header, body = _split_header(rows)
    tables = [_make_table(titles, header, part) for part in _page_parts(body or [[""]])]
    if len(tables) > max_pages:
        raise ConversionFailed(f"The file makes {len(tables):,} pages; at most {max_pages:,} are read.")
    pages = tuple(
        make_page(number, [Block(kind="table", markdown=table_markdown(table), tables=(table,))])
        for number, table in enumerate(tables, start=1)
    )
    return Converted(media_type="text/csv", pages=pages)


def _read_rows(text: str) -> Rows:
    told = _TOLD.match(text)
    text = text[told.end() :] if told else text
    delimiter = told.group(1) if told else _find_delimiter(text[:_SAMPLE])
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [[tidy(cell) for cell in row[:_MOST_COLUMNS]] for row in reader]
    except csv.Error as error:
        raise ConversionFailed(f"The file is not well-formed CSV: {error}.") from None
    return [row for row in rows if any(row)]


def _find_delimiter(sample: str) -> str:
    """Return the delimiter that cuts most lines of a sample into the same number of cells."""

    def steadiness(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(sample.splitlines()[:50], delimiter=delimiter) if row]
        usual = max(set(counts), key=counts.count, default=1)
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=steadiness)


def _split_titles(rows: Rows) -> tuple[list[str], Rows]:
    """Take the lines of one cell above a table of more as its titles."""
    widths = [sum(map(bool, row)) for row in rows]
    usual = max(set(widths), key=widths.count)
    titles = ["".join(row) for row, _ in takewhile(lambda pair: pair[1] == 1, zip(rows, widths, strict=True))]
    return (titles, rows[len(titles) :]) if usual > 1 else ([], rows)


def _split_header(rows: Rows) -> tuple[list[str], Rows]:
    """Take the first row as header when it holds no figures and there are rows under it."""
    first = rows[0]
    if len(rows) > 1 and not any(is_figure(cell) for cell in first):
        return first, rows[1:]
    return [], rows


def _page_parts(rows: Rows) -> Iterator[Rows]:
    part: Rows = []
    size = 0
    for row in rows:
        length = sum(len(cell) + 3 for cell in row)
        if part and size + length > PAGE_SIZE:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    yield part


def _make_table(titles: Sequence[str], header: Sequence[str], rows: Rows) -> Table:
    width = max(len(header), *(len(row) for row in rows))
    names = [*header, *[""] * (width - len(header))]
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    return Table(
        number=0,
        columns=tuple((name,) if name else () for name in names[1:]),
        rows=tuple(TableRow(label=row[0], cells=tuple(row[1:])) for row in filled),
        caption=" ".join(title for title in titles if not is_unit_note(title)),
        unit_note=" ".join(title for title in titles if is_unit_note(title)),
        stub=names[0],
    )
