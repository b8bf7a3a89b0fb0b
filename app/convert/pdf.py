"""PDF to pages: text in reading order, tables as cells."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from statistics import median

import pypdfium2 as pdfium
from pypdfium2 import raw

from app.convert.blocks import Block, make_page
from app.convert.captions import find_caption
from app.convert.cells import is_unit_note
from app.convert.document import Converted, Page, Table
from app.convert.grids import Grid, read_tables
from app.convert.ocr import recognise
from app.convert.pdf_columns import split_columns
from app.convert.pdf_continued import continue_table, find_open_table
from app.convert.pdf_extras import is_stamped_picture, read_fields, read_outline
from app.convert.pdf_grids import find_ruled_tables
from app.convert.pdf_lists import find_word_tables
from app.convert.pdf_rules import Rule, Rules
from app.convert.pdf_tables import Region, find_regions
from app.convert.pdf_words import Line, Word, Written, build_lines, read_words
from app.convert.tables import build_tables, table_markdown
from app.errors import ConversionFailed

NO_TEXT = "*This page has no text; it is an image and needs OCR.*"
NONE_FOUND = "*This page is an image on which no text was recognised.*"
EMPTY = "*This page is empty.*"
_REASONS = {
    NO_TEXT: "The PDF holds no text: its pages are images and need OCR; Tesseract is not installed here.",
    NONE_FOUND: "The PDF holds no text: its pages are images, and OCR recognised no text on them.",
    EMPTY: "The PDF holds no text: its pages are empty.",
}

_LONGEST_TITLE = 200
_BY_PROGRAM = re.compile(
    r"^\(?(?:anonymous|unspecified|untitled)\)?$|^Microsoft (?:Word|PowerPoint|Excel) - ", re.IGNORECASE
)
"""What programs set as a title where nobody gave one."""
_FORM_LINE = re.compile(r"^[A-Z][\w /()-]{1,39}:\s\S|\[[x ]\]$")

_PROBLEMS = {
    raw.FPDF_ERR_PASSWORD: "The PDF is encrypted and needs a password.",
    raw.FPDF_ERR_SECURITY: "The PDF is protected in a way that can't be read.",
    raw.FPDF_ERR_FORMAT: "The PDF is damaged or truncated and can't be opened.",
}


def convert_pdf(content: bytes, *, max_pages: int) -> Converted:
    """Read a PDF; page numbers are PDF page index + 1.

    Raises ConversionFailed when it is encrypted, damaged, has no pages or too many, or holds no text at all.
    """
    document = _open(content)
    try:
        count = len(document)
        if not count:
            raise ConversionFailed("The PDF has no pages that can be read; it may be damaged.")
        if count > max_pages:
            raise ConversionFailed(f"The PDF has {count:,} pages; at most {max_pages:,} are read.")
        document.init_forms()
        pages = tuple(_label(document, _read_pages(document, count)))
        metadata = _metadata(document)
        title = _BY_PROGRAM.sub("", metadata.get("title", ""))
        title = title if re.search(r"[^\W\d_]{2}", title) else _largest_text(document)
    finally:
        document.close()
    remark = next((r for r in _REASONS if any(page.markdown == r for page in pages)), "")
    if remark and all(page.markdown in _REASONS for page in pages):
        raise ConversionFailed(_REASONS[remark])
    return Converted(media_type="application/pdf", pages=pages, title=title, metadata=metadata)


def _open(content: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(content)
    except pdfium.PdfiumError:
        code = raw.FPDF_GetLastError()
        raise ConversionFailed(_PROBLEMS.get(code, "The PDF is damaged and can't be opened.")) from None


def _metadata(document: pdfium.PdfDocument) -> dict[str, str]:
    found = document.get_metadata_dict(skip_empty=True)
    return {key.lower(): " ".join(value.replace("\x00", "").split()) for key, value in found.items()}


def _label(document: pdfium.PdfDocument, pages: Iterable[Page]) -> Iterator[Page]:
    """Give pages the title of the outline's section they begin in."""
    titles = read_outline(document)
    title = ""
    for page in pages:
        title = titles.get(page.number, title)
        yield replace(page, label=title) if title else page


def _largest_text(document: pdfium.PdfDocument) -> str:
    """Return the text set in the first page's largest type, "" where all is of one size or the text is too long."""
    try:
        page = document[0]
    except pdfium.PdfiumError:
        return ""
    lines = build_lines(read_words(page).words)
    page.close()
    if not lines:
        return ""
    largest, usual = max(line.size for line in lines), median(line.size for line in lines)
    title = " ".join(line.text for line in lines if line.size > 0.95 * largest)
    return title if largest > 1.2 * usual and len(title) <= _LONGEST_TITLE else ""


def _read_pages(document: pdfium.PdfDocument, count: int) -> Iterator[Page]:
    above: Table | None = None
    for index in range(count):
        blocks = continue_table(_read_page(document, index), above)
        above = find_open_table(blocks)
        yield make_page(index + 1, blocks)


def _read_page(document: pdfium.PdfDocument, index: int) -> list[Block]:
    try:
        page = document[index]
    except pdfium.PdfiumError:
        return [_remark("*This page is damaged and can't be read.*")]
    try:
        written = read_words(page)
        words = written.words + (read_fields(page, document.formenv) if document.formenv is not None else [])
        recognised = _recognise(page, words)
    except pdfium.PdfiumError:
        written, recognised = Written(words=[], rules=Rules()), None
    finally:
        empty = not raw.FPDFPage_CountObjects(page)
        page.close()
    aside = [block for words in written.aside for block in _text_blocks(build_lines(words))]
    if not recognised:
        return aside or [_remark(NO_TEXT if recognised is None else EMPTY if empty else NONE_FOUND)]
    return page_blocks(build_lines(recognised), written.rules) + aside


def _recognise(page: pdfium.PdfPage, words: list[Word]) -> list[Word] | None:
    """Return a page's words, those on its picture where it is one; None where they can't be had."""
    if not raw.FPDFPage_CountObjects(page) or (words and not is_stamped_picture(page, words)):
        return words
    found = recognise(page)
    return found or words or found


def _remark(text: str) -> Block:
    return Block(kind="text", markdown=text)


def page_blocks(lines: Sequence[Line], rules: Rules) -> list[Block]:
    """Turn a page's lines into blocks from the top down, text columns one after the other."""
    blocks: list[Block] = []
    done = 0
    for ruled in find_ruled_tables(lines, rules):
        above = _open_blocks(lines[done : ruled.start], rules.level, blocks)
        found = _grid_blocks(ruled.grid, [*blocks, *above])
        if found:
            blocks += [*above, *found]
            done = ruled.stop
    return blocks + _open_blocks(lines[done:], rules.level, blocks)


def _grid_blocks(grid: Grid, above: Sequence[Block]) -> list[Block]:
    """Return the tables of a grid; [] where it only serves layout."""
    caption, note = find_caption([block.markdown for block in above])
    tables = read_tables(grid, caption=caption, unit_note=note)
    return [_table_block(table, caption, note) for table in tables]


def _open_blocks(lines: Sequence[Line], rules: Sequence[Rule], above: Sequence[Block]) -> list[Block]:
    """Return the blocks of lines without boxes: tables by where their figures stand, and text."""
    blocks: list[Block] = []
    done = 0
    for region in find_regions(lines, rules):
        blocks += _word_blocks(lines[done : region.start], [*above, *blocks])
        blocks += _table_blocks(region, lines, [block.markdown for block in (*above, *blocks)])
        done = region.stop
    return blocks + _word_blocks(lines[done:], [*above, *blocks])


def _word_blocks(lines: Sequence[Line], above: Sequence[Block]) -> list[Block]:
    """Return the blocks of lines without figures in columns: tables of words, and text."""
    blocks: list[Block] = []
    done = 0
    for found in find_word_tables(lines):
        blocks += _text_blocks(lines[done : found.start])
        caption, note = find_caption([block.markdown for block in (*above, *blocks)])
        blocks.append(_table_block(replace(found.table, caption=caption, unit_note=note), caption, note))
        done = found.stop
    return blocks + _text_blocks(lines[done:])


def _table_block(table: Table, caption: str, note: str) -> Block:
    return Block(kind="table", markdown=table_markdown(table, shown=caption, noted=note), tables=(table,))


def _table_blocks(region: Region, lines: Sequence[Line], before: Sequence[str]) -> list[Block]:
    caption, note = find_caption(before)
    tables = build_tables(region.rows, caption=caption, unit_note=note, exact=False)
    if not tables:
        return _text_blocks(lines[region.start : region.stop])
    return [_table_block(table, caption, note) for table in tables]


def _text_blocks(lines: Sequence[Line]) -> list[Block]:
    return [block for column in split_columns(lines) for block in _paragraphs(column)]


def _paragraphs(lines: Sequence[Line]) -> list[Block]:
    if not lines:
        return []
    right = max(line.x1 for line in lines)
    pitches = [b.y - a.y for a, b in itertools.pairwise(lines) if 0 < b.y - a.y < 3 * b.size]
    pitch = median(pitches) if pitches else 0.0
    parts: list[list[Line]] = []
    for line in lines:
        if parts and not _starts_paragraph(parts[-1][-1], line, right, pitch):
            parts[-1].append(line)
        else:
            parts.append([line])
    return [_paragraph(part) for part in parts]


def _starts_paragraph(above: Line, line: Line, right: float, pitch: float) -> bool:
    gap, first = line.y - above.y, line.words[0]
    if above.strong != line.strong or abs(above.size - line.size) > 0.15 * line.size:
        return True
    room = right - above.x1
    full = room <= (first.x1 - first.x0) + 3 * line.size
    in_sentence = re.match(r"[a-z]", first.text) and not re.search(r"[.!?:;]$", above.text)
    if full and in_sentence and gap < 2.5 * line.size:
        return False
    if gap > max(1.25 * pitch, 1.1 * line.size) and gap > 1.35 * line.size:
        return True
    if is_unit_note(line.text) or (_FORM_LINE.search(above.text) and _FORM_LINE.search(line.text)):
        return True
    if re.match(r"[•●▪■◦○–·]$|\(?\w{1,3}[.)]$", first.text) and line.x0 <= above.x0 + 2 * line.size:
        return True
    return not full and not re.match(r"[a-z]", first.text)


def _paragraph(lines: Sequence[Line]) -> Block:
    text = lines[0].text
    for line in lines[1:]:
        hyphened = re.search(r"[a-z]-$", text) and re.match(r"[a-z]", line.text)
        text = text[:-1] + line.text if hyphened else f"{text} {line.text}"
    text = re.sub(r"^[•●▪■◦○]\s+", "- ", text)
    if all(line.strong for line in lines) and len(text) <= 200 and re.search(r"[^\W\d]", text):
        return Block(kind="heading", markdown=f"**{text}**")
    return Block(kind="text", markdown=text)
