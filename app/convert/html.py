"""HTML to pages: filings with inline XBRL, web pages, anything lxml can parse."""

import re
from collections.abc import Iterator
from html import unescape

from lxml import etree

from app.convert.blocks import Block, build_pages
from app.convert.cells import tidy
from app.convert.decode import decode
from app.convert.document import Converted, Table
from app.convert.grids import table_blocks
from app.convert.html_tables import is_raised, read_grid, style_of
from app.convert.text import text_blocks
from app.errors import ConversionFailed

_SKIPPED = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "ix:header",
        "nav",
        "svg",
        "iframe",
        "object",
        "select",
        "button",
        "form-control",
    ]
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form "
    "h1 h2 h3 h4 h5 h6 header hr html li main ol p pre section summary table tbody td tfoot th thead tr ul "
    "caption".split()
)
_LISTS = frozenset(["ol", "ul"])
_HEADINGS = {f"h{level}": "#" * level for level in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_BREAK_BEFORE = re.compile(r"(?:page-)?break-before\s*:\s*(?:always|page|left|right)")
_BREAK_AFTER = re.compile(r"(?:page-)?break-after\s*:\s*(?:always|page|left|right)")
_BOLD = re.compile(r"font-weight\s*:\s*(?:bold|[6-9]00)")
_POWER = re.compile(r"\s*[-−–+]?\d[\d,]*\s*")
_PAGE_NUMBER = re.compile(r"(?:page\s+)?(?:[ivxl]+|\d{1,3}|[A-Z]-\d{1,3}|[-–]\s*\d{1,3}\s*[-–])$", re.IGNORECASE)


def convert_html(content: bytes, *, max_pages: int) -> Converted:
    """Read an HTML document. Raises ConversionFailed when it holds no text."""
    text = decode_html(content)
    found = re.search(r"<title[^>]*>([^<]{0,500})", text, re.IGNORECASE)
    title = " ".join(unescape(found.group(1)).split()) if found else ""
    return Converted(media_type="text/html", pages=build_pages(html_blocks(text), max_pages=max_pages), title=title)


def html_blocks(text: str) -> list[Block]:
    """Return the document's blocks in reading order. Raises ConversionFailed when there is nothing to parse."""
    return _mark_rules(list(_Walk().blocks(_parse(text)))) or _bare_text(text)


def decode_html(content: bytes) -> str:
    """Return an HTML file's text by the encoding it declares, else by its bytes."""
    declared = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", content[:4096], re.IGNORECASE)
    text = _decode_declared(content, declared.group(1).decode("ascii")) if declared else decode(content)
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff"))


def _parse(text: str) -> etree._Element:
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, no_network=True)
    root = etree.fromstring(text.encode("utf-8", errors="replace"), parser) if text.strip() else None
    if root is None:
        raise ConversionFailed("The file has no text to read.")
    return root


def _bare_text(text: str) -> list[Block]:
    """Read a document whose elements nest deeper than the parser goes as the text between its tags."""
    plain = re.sub(r"(?is)<(script|style|head)\b.*?</\1>|<[^>]*>", "\n", text)
    return text_blocks(plain)


def _decode_declared(content: bytes, encoding: str) -> str:
    if encoding.lower().startswith(("utf-16", "utf-32")) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decode(content)
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return decode(content)


class _Walk:
    """Goes through the tree once, without recursion, and gives blocks in reading order."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._bold = 0
        self._size = 0
        self._depth_bold = 0
        self._recent: list[str] = []
        self._last: Table | None = None
        self._prefix = ""
        self._pre = 0
        self._lists: list[int | None] = []
        """How many items each open list has counted; None for one that does not count."""

    def blocks(self, root: etree._Element) -> Iterator[Block]:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "end":
                yield from self._leave(element, tag)
                continue
            if tag in _SKIPPED or _hidden(element):
                walk.skip_subtree()
                element.text, element[:] = None, []
                element.set("data-skipped", "")
                continue
            yield from self._enter(element, tag)
            if tag == "table" and _is_leaf_table(element):
                walk.skip_subtree()
                yield from self._table(element)

    def _enter(self, element: etree._Element, tag: str) -> Iterator[Block]:
        style = style_of(element)
        if tag in _BLOCKS:
            yield from self._flush()
        if "break-before" in style and _BREAK_BEFORE.search(style):
            yield Block(kind="break")
        self._mark(element, tag)
        if tag == "hr":
            yield Block(kind="break", markdown="rule")
        if tag == "br":
            self._text.append("\n")
        if tag == "pre":
            self._pre += 1
        if _is_bold(tag, style):
            self._depth_bold += 1
        if tag != "table":
            self._add(element.text)

    def _leave(self, element: etree._Element, tag: str) -> Iterator[Block]:
        if element.get("data-skipped") is None:
            style = style_of(element)
            if tag in _BLOCKS:
                yield from self._flush()
            if tag == "pre":
                self._pre -= 1
            if tag in _LISTS and self._lists:
                self._lists.pop()
            elif _is_power(element, tag):
                self._text.append(")")
            if _is_bold(tag, style):
                self._depth_bold -= 1
            if "break-after" in style and _BREAK_AFTER.search(style):
                yield Block(kind="break")
        self._add(element.tail)

    def _mark(self, element: etree._Element, tag: str) -> None:
        """Set what Markdown puts before an element's text."""
        if tag in _HEADINGS:
            self._prefix = _HEADINGS[tag] + " "
        elif tag in _LISTS:
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._prefix = self._next_item()
        elif _is_power(element, tag):
            self._text.append("^(")

    def _next_item(self) -> str:
        if not self._lists or self._lists[-1] is None:
            return "- "
        self._lists[-1] += 1
        return f"{self._lists[-1]}. "

    def _add(self, text: str | None) -> None:
        if not text:
            return
        self._text.append(text if self._pre else re.sub(r"\s+", " ", text))
        seen = len(text.strip())
        self._size += seen
        if self._depth_bold:
            self._bold += seen

    def _flush(self) -> Iterator[Block]:
        joined = "".join(self._text)
        lines = [" ".join(line.split()) for line in joined.replace("\u200b", "").replace("\u00ad", "").split("\n")]
        text = "\n".join(line for line in lines if line)
        bold, size, prefix = self._bold, self._size, self._prefix
        self._text, self._bold, self._size = [], 0, 0
        if not text:
            return
        self._prefix = ""
        self._last = None
        self._recent = [*self._recent[-5:], text]
        if prefix.startswith("#"):
            yield Block(kind="heading", markdown=prefix + text.replace("\n", " "))
        elif not prefix and size and bold >= size * 0.9 and len(text) <= 200 and re.search(r"[A-Za-z]", text):
            yield Block(kind="heading", markdown=f"**{text}**".replace("\n", "  \n"))
        else:
            yield Block(kind="text", markdown=prefix + text)

    def _table(self, element: etree._Element) -> Iterator[Block]:
        caption = element.find("caption")
        if caption is not None and (text := tidy(str(caption.xpath("string()")))):
            self._recent, self._last = [*self._recent[-5:], text], None
            yield Block(kind="text", markdown=text)
        for block in table_blocks(read_grid(element), self._recent, self._last):
            self._recent = [*self._recent[-5:], block.markdown]
            self._last = block.tables[-1] if block.tables else None
            yield block


def _hidden(element: etree._Element) -> bool:
    style = style_of(element)
    return bool(("none" in style or "hidden" in style) and _HIDDEN.search(style)) or element.get("hidden") is not None


def _is_bold(tag: str, style: str) -> bool:
    return tag in {"b", "strong", "th"} or bool("font-weight" in style and _BOLD.search(style))


def _is_power(element: etree._Element, tag: str) -> bool:
    """Whether an element is a raised number, which would read as digits of what stands before it."""
    raised = tag in ("sup", "span", "font", "a") and is_raised(element)
    return raised and bool(_POWER.fullmatch(str(element.xpath("string()"))))


def _is_leaf_table(table: etree._Element) -> bool:
    return next((e for e in table.iter("table") if e is not table), None) is None


def _mark_rules(blocks: list[Block]) -> list[Block]:
    """Keep <hr> as a page break only where it follows a page number and the document has no breaks of its own."""
    own = any(block.kind == "break" and not block.markdown for block in blocks)
    kept: list[Block] = []
    for block in blocks:
        if block.kind == "break" and block.markdown:
            last = kept[-1].markdown.strip("* ") if kept else ""
            if own or not _PAGE_NUMBER.match(last):
                continue
        kept.append(block)
    return kept
