"""Tables of records: one header row, one thing a row, words as well as figures in the cells."""

from collections.abc import Sequence
from itertools import takewhile

from app.convert.cells import Cell, is_figure, is_unit_note
from app.convert.columns import Row
from app.convert.document import Table, TableRow

_LONGEST_NAME = 80


def read_records(rows: Sequence[Row], *, caption: str = "", unit_note: str = "") -> Table | None:
    """Read rows of grid cells, empty ones left out, as records; None where the rows under the header are figures.

    The first row names the columns, each over one cell a row; the row under it has a label and words only. Rows of
    one cell above it are the table's titles.
    """
    titles = list(takewhile(lambda row: len(row) == 1, rows))
    header, *body = rows[len(titles) :] or [()]
    if not body or not _names_columns(header) or not _is_wordy(header, body[0]):
        return None
    if not all(_fits(header, row) for row in body):
        return None
    labelled = header[0].overlap(body[0][0].x0, body[0][0].x1) > 0
    names = header[1:] if labelled else header
    columns = [(name.x0, name.x1) for name in names]
    return Table(
        number=0,
        columns=tuple((name.text,) for name in names),
        rows=tuple(_read_row(row, columns) for row in body),
        caption=" ".join(part for part in (caption, *_texts(titles, notes=False)) if part),
        unit_note=" ".join(_texts(titles, notes=True)) or unit_note,
        stub=header[0].text if labelled else "",
    )


def _texts(titles: Sequence[Row], *, notes: bool) -> list[str]:
    return [row[0].text for row in titles if is_unit_note(row[0].text) == notes]


def _names_columns(header: Row) -> bool:
    texts = [cell.text for cell in header]
    short = all(len(text) <= _LONGEST_NAME and not is_figure(text) for text in texts)
    return len(texts) >= 2 and len(set(texts)) == len(texts) and short and not is_unit_note(texts[0])


def _is_wordy(header: Row, row: Row) -> bool:
    """Whether a row has a label and beside it nothing but words."""
    labelled = row[0].x0 <= header[0].x0
    return labelled and len(row) >= 2 and not any(is_figure(cell.text) for cell in row[1:])


def _fits(header: Row, row: Row) -> bool:
    """Whether each cell of a row stands under one name, or before all of them, and no two under the same."""
    over = [[i for i, name in enumerate(header) if cell.overlap(name.x0, name.x1)] for cell in row]
    over = [found or [-1] * (cell.x1 <= header[0].x0) for cell, found in zip(row, over, strict=True)]
    return all(len(found) == 1 for found in over) and len({found[0] for found in over}) == len(over)


def _read_row(row: Row, columns: Sequence[tuple[float, float]]) -> TableRow:
    texts = [_text_over(row, x0, x1) for x0, x1 in columns]
    label = next((cell.text for cell in row if cell.x0 < columns[0][0]), "")
    return TableRow(label=label, cells=tuple(texts))


def _text_over(row: Sequence[Cell], x0: float, x1: float) -> str:
    return next((cell.text for cell in row if cell.overlap(x0, x1) > 0), "")
