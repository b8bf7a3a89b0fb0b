"""What conversion gives: pages of Markdown with their tables kept as cells."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class TableRow:
    """One row: its label, the headings it stands under, and one shown text per value column ("" where empty)."""

    label: str
    cells: tuple[str, ...]
    path: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a page, cells as shown.

    `columns[i]` is the header path of value column i from the top down, e.g. ("Three Months Ended", "July 1, 2023").
    `caption` is the title above it, `unit_note` the line that scales it ("(In millions, except per share amounts)"),
    `stub` what stands over the rows' labels ("Region").
    """

    number: int
    columns: tuple[tuple[str, ...], ...]
    rows: tuple[TableRow, ...]
    caption: str = ""
    unit_note: str = ""
    stub: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. `number` counts from 1 and is what citations name; `label` is a sheet's or slide's own name, if any."""

    number: int
    markdown: str
    tables: tuple[Table, ...] = ()
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A whole document read: at least one page, each with its number, in order without gaps."""

    media_type: str
    pages: tuple[Page, ...]
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
