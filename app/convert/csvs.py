"""CSV to pages: any delimiter, the header row repeated on every page."""

import csv
import io
from collections.abc import Iterator, Sequence

from app.convert.blocks import PAGE_SIZE, Block, make_page
from app.convert.cells import is_figure, tidy
from app.convert.decode import decode
from app.convert.document import Converted, Table, TableRow
from app.convert.tables import table_markdown
from app.errors import ConversionFailed

_DELIMITERS = ",;\t|"
_SAMPLE = 20_000
_MOST_COLUMNS = 1000

Rows = list[list[str]]


def convert_csv(content: bytes, *, max_pages: int) -> Converted:
    """Read delimited text as one table over as many pages as it needs. Raises ConversionFailed when it has no rows."""
    rows = _read_rows(decode(content))
    if not rows:
        raise ConversionFailed("The file has no rows to read.")
    header, body = _split_header(rows)
    tables = [_make_table(header, part) for part in _page_parts(body or [[""]])]
    if len(tables) > max_pages:
        raise ConversionFailed(f"The file makes {len(tables):,} pages; at most {max_pages:,} are read.")
    pages = tuple(
        make_page(number, [Block(kind="table", markdown=table_markdown(table), tables=(table,))])
        for number, table in enumerate(tables, start=1)
    )
    return Converted(media_type="text/csv", pages=pages)


def _read_rows(text: str) -> Rows:
    reader = csv.reader(io.StringIO(text), delimiter=_find_delimiter(text[:_SAMPLE]))
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


def _make_table(header: Sequence[str], rows: Rows) -> Table:
    width = max(len(header), *(len(row) for row in rows))
    names = [*header, *[""] * (width - len(header))]
    filled = [[*row, *[""] * (width - len(row))] for row in rows]
    return Table(
        number=0,
        columns=tuple((name,) if name else () for name in names[1:]),
        rows=tuple(TableRow(label=row[0], cells=tuple(row[1:])) for row in filled),
        caption="",
    )
