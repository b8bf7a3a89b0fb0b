"""Presentations (PPTX, PPTM) to pages: one a slide, with its tables, charts and the speaker's notes."""

import io
import re
from collections.abc import Iterable, Iterator
from zipfile import BadZipFile

from lxml import etree
from pptx.chart.chart import Chart
from pptx.exc import PackageNotFoundError, PythonPptxError
from pptx.opc.constants import CONTENT_TYPE
from pptx.opc.package import PartFactory
from pptx.package import Package
from pptx.parts.presentation import PresentationPart
from pptx.presentation import Presentation
from pptx.shapes.base import BaseShape
from pptx.shapes.graphfrm import GraphicFrame
from pptx.shapes.group import GroupShape
from pptx.slide import Slide
from pptx.table import Table as SlideTable
from pptx.text.text import TextFrame

from app.convert.archive import check_office
from app.convert.blocks import Block, make_page
from app.convert.cells import Cell, tidy
from app.convert.document import Converted, Page, Table, TableRow
from app.convert.grids import Grid, table_blocks
from app.convert.tables import table_markdown
from app.errors import ConversionFailed

_WHAT = "presentation"
_EMPTY = "*This slide has no text.*"
_HIDDEN = "*This slide is hidden.*"
_OTHER_POWERPOINT = (CONTENT_TYPE.PML_TEMPLATE_MAIN, CONTENT_TYPE.PML_SLIDESHOW_MAIN)
MEDIA_TYPE = CONTENT_TYPE.PML_PRESENTATION_MAIN.removesuffix(".main+xml")
_BROKEN = (
    BadZipFile,
    KeyError,
    ValueError,
    AttributeError,
    PackageNotFoundError,
    PythonPptxError,
    etree.XMLSyntaxError,
)
_NO_TITLES = ("", "PowerPoint Presentation", "Presentation")
_MOST_GROUPS = 20


def convert_slides(content: bytes, *, max_pages: int) -> Converted:
    """Read a presentation; a slide's number is its page. Raises ConversionFailed when damaged, encrypted or empty."""
    check_office(content, what=_WHAT)
    try:
        presentation = _open(content)
        count = len(presentation.slides)
        if count > max_pages:
            raise ConversionFailed(f"The {_WHAT} has {count:,} slides; at most {max_pages:,} are read.")
        pages = tuple(_read_slide(number, slide) for number, slide in enumerate(presentation.slides, start=1))
        title = presentation.core_properties.title
    except _BROKEN:
        raise ConversionFailed(f"The {_WHAT} is damaged and can't be read.") from None
    if all(page.markdown == _EMPTY for page in pages):
        raise ConversionFailed(f"The {_WHAT} has no text to read; its slides are empty or only pictures.")
    return Converted(media_type=MEDIA_TYPE, pages=pages, title=pages[0].label if title in _NO_TITLES else title)


def _open(content: bytes) -> Presentation:
    for content_type in _OTHER_POWERPOINT:
        PartFactory.part_type_for.setdefault(content_type, PresentationPart)
    part = Package.open(io.BytesIO(content)).main_document_part
    if not isinstance(part, PresentationPart):
        raise ConversionFailed(f"The file is an Office file, but no {_WHAT}.")
    presentation: Presentation = part.presentation
    return presentation


def _read_slide(number: int, slide: Slide) -> Page:
    title = slide.shapes.title
    heading = " ".join(title.text_frame.text.split()) if title is not None else ""
    blocks = [Block(kind="heading", markdown=f"# {heading}")] if heading else []
    for shape in _in_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            blocks += _shape_blocks(shape, [block.markdown for block in blocks])
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None and frame.text.strip():
        blocks.append(Block(kind="text", markdown=f"**Notes:** {_frame_text(frame)}"))
    if blocks and slide._element.get("show") in ("0", "false"):
        blocks.insert(0, Block(kind="text", markdown=_HIDDEN))
    return make_page(number, blocks or [Block(kind="text", markdown=_EMPTY)], label=heading)


def _in_order(shapes: Iterable[BaseShape], depth: int = 0) -> Iterator[BaseShape]:
    """Give shapes from the top down and left to right, those of groups in place of the group."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if isinstance(shape, GroupShape):
            if depth < _MOST_GROUPS:
                yield from _in_order(shape.shapes, depth + 1)
        else:
            yield shape


def _shape_blocks(shape: BaseShape, before: list[str]) -> list[Block]:
    if isinstance(shape, GraphicFrame) and shape.has_table:
        return list(table_blocks(_read_grid(shape.table), before, None))
    if isinstance(shape, GraphicFrame) and shape.has_chart:
        return _chart_blocks(shape.chart)
    frame = getattr(shape, "text_frame", None) if shape.has_text_frame else None
    text = _frame_text(frame) if frame is not None else ""
    if text and not (shape.is_placeholder and re.fullmatch(r"\d{1,4}", text)):
        return [Block(kind="text", markdown=text)]
    return []


def _frame_text(frame: TextFrame) -> str:
    """Return a frame's paragraphs as lines, those of a lower level as list items."""
    lines = []
    for paragraph in frame.paragraphs:
        text = " ".join(paragraph.text.replace("\v", "\n").split())
        if text:
            lines.append(f"{'  ' * (paragraph.level - 1)}- {text}" if paragraph.level else text)
    return "  \n".join(lines)


def _read_grid(table: SlideTable) -> Grid:
    grid: Grid = []
    for row_index, row in enumerate(table.rows):
        cells = []
        for column, cell in enumerate(row.cells):
            if not cell.is_spanned:
                runs = [run for p in cell.text_frame.paragraphs for run in p.runs if run.text.strip()]
                bold = bool(runs) and all(run.font.bold for run in runs)
                span = cell.span_width if cell.is_merge_origin else 1
                cells.append(Cell(text=tidy(cell.text_frame.text), x0=column, x1=column + span, strong=bold))
            elif above := _cell_above(grid, row_index, column):
                cells.append(above)
        grid.append(cells)
    return grid


def _cell_above(grid: Grid, row: int, column: int) -> Cell | None:
    """Return the cell that reaches down from the row above to where a merged cell begins."""
    return next((cell for cell in grid[row - 1] if cell.x0 == column), None) if row else None


def _chart_blocks(chart: Chart) -> list[Block]:
    """Give the numbers behind a chart as a table: categories down, series across."""
    plots = [plot for plot in chart.plots if len(plot.series)]
    if not plots:
        return []
    categories = [str(label) for label in plots[0].categories]
    series = [one for plot in plots for one in plot.series]
    rows = tuple(
        TableRow(label=label, cells=tuple(_shown(one.values, index) for one in series))
        for index, label in enumerate(categories)
    )
    caption = tidy(chart.chart_title.text_frame.text) if chart.has_title and chart.chart_title.has_text_frame else ""
    columns = tuple((tidy(one.name),) if one.name else () for one in series)
    table = Table(number=0, columns=columns, rows=rows, caption=caption)
    return [Block(kind="table", markdown=table_markdown(table), tables=(table,))] if rows else []


def _shown(values: Iterable[float | None], index: int) -> str:
    value = dict(enumerate(values)).get(index)
    return "" if value is None else f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"
