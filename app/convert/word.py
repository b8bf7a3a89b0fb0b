"""Word documents (DOCX, DOCM) to pages: headings, lists, tables, notes, text boxes; page breaks as Word set them."""

import io
import re
from collections.abc import Iterator
from zipfile import BadZipFile

from docx.document import Document
from docx.opc.constants import CONTENT_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.opc.part import PartFactory
from docx.package import Package
from docx.parts.document import DocumentPart
from lxml import etree

from app.convert.archive import check_office
from app.convert.blocks import Block, build_pages
from app.convert.document import Converted, Table
from app.convert.grids import table_blocks
from app.convert.word_styles import Styles
from app.convert.word_tables import has_tables_within, own_parts, read_word_table
from app.convert.word_text import BREAK, Notes, is_bold, paragraph_text, tag_of
from app.errors import ConversionFailed

_WHAT = "Word document"
_OTHER_WORD = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
)
MEDIA_TYPE = CONTENT_TYPE.WML_DOCUMENT.removesuffix(".main+xml")
_WRAPPERS = frozenset(["sdt", "sdtContent", "smartTag", "customXml", "ins", "moveTo"])
_BROKEN = (BadZipFile, KeyError, ValueError, AttributeError, PackageNotFoundError, etree.XMLSyntaxError)


def convert_word(content: bytes, *, max_pages: int) -> Converted:
    """Read a Word document; macros are ignored. Raises ConversionFailed when it is damaged, encrypted or empty."""
    check_office(content, what=_WHAT)
    try:
        document = _open(content)
        blocks = list(_Reader(document).blocks())
        title, author = document.core_properties.title, document.core_properties.author
    except _BROKEN:
        raise ConversionFailed(f"The {_WHAT} is damaged and can't be read.") from None
    heading = next((block.markdown.strip("#* ") for block in blocks if block.kind == "heading"), "")
    return Converted(
        media_type=MEDIA_TYPE,
        pages=build_pages(blocks, max_pages=max_pages),
        title=" ".join(title.split()) or heading,
        metadata={"author": author} if author else {},
    )


def _open(content: bytes) -> Document:
    for content_type in _OTHER_WORD:
        PartFactory.part_type_for.setdefault(content_type, DocumentPart)
    part = Package.open(io.BytesIO(content)).main_document_part
    if not isinstance(part, DocumentPart):
        raise ConversionFailed(f"The file is an Office file, but no {_WHAT}.")
    document: Document = part.document
    return document


class _Reader:
    """Goes through a document's body once and gives blocks in reading order."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._styles = Styles(document)
        self._notes = Notes(document.part)
        self._recent: list[str] = []
        self._last: Table | None = None

    def blocks(self) -> Iterator[Block]:
        yield from self._margins("header")
        yield from self._children(self._document.element.body)
        yield from self._margins("footer")

    def _margins(self, kind: str) -> Iterator[Block]:
        """Give the text of headers or footers once, however many pages repeat it; page numbers alone are left out."""
        seen: dict[str, None] = {}
        for section in self._document.sections:
            part = getattr(section, kind)
            if not part.is_linked_to_previous:
                texts = (paragraph_text(p, self._notes).replace(BREAK, "") for p in part._element.iter("{*}p"))
                seen.update(dict.fromkeys(text for text in texts if re.search(r"[^\W\d_]{2}", text)))
        if seen:
            yield Block(kind="text", markdown="  \n".join(seen))

    def _children(self, parent: etree._Element) -> Iterator[Block]:
        for element in parent:
            tag = tag_of(element)
            if tag == "p":
                yield from self._paragraph(element)
            elif tag == "tbl":
                yield from self._table(element)
            elif tag in _WRAPPERS:
                yield from self._children(element)

    def _paragraph(self, element: etree._Element) -> Iterator[Block]:
        style = self._styles.of(element)
        if style.breaks_before:
            yield Block(kind="break")
        for index, piece in enumerate(paragraph_text(element, self._notes).split(BREAK)):
            if index:
                yield Block(kind="break")
            text = piece.strip()
            if text:
                yield self._remember(_text_block(text, style.heading, style.marker, bold=is_bold(element)))
        yield from self._notes.take()
        if element.find("{*}pPr/{*}sectPr") is not None and not _continues(element):
            yield Block(kind="break")

    def _remember(self, block: Block) -> Block:
        self._recent = [*self._recent[-5:], block.markdown]
        self._last = block.tables[-1] if block.tables else None
        return block

    def _table(self, element: etree._Element) -> Iterator[Block]:
        if has_tables_within(element):
            for cell in own_parts(element, "tc"):
                yield from self._children(cell)
            return
        for index, grid in enumerate(read_word_table(element, self._notes)):
            if index:
                yield Block(kind="break")
            for block in table_blocks(grid, self._recent, self._last):
                yield self._remember(block)
        self._last = None
        yield from self._notes.take()


def _text_block(text: str, heading: int, marker: str, *, bold: bool) -> Block:
    if heading:
        return Block(kind="heading", markdown=f"{'#' * heading} {' '.join(text.split())}")
    if bold and not marker and len(text) <= 200 and re.search(r"[^\W\d]", text):
        return Block(kind="heading", markdown=f"**{' '.join(text.split())}**")
    return Block(kind="text", markdown=marker + text)


def _continues(element: etree._Element) -> bool:
    """Whether a section ends here without a new page."""
    kind = element.find("{*}pPr/{*}sectPr/{*}type")
    return kind is not None and "continuous" in kind.attrib.values()
