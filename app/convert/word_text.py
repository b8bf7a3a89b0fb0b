"""Text of a Word paragraph, and the notes it refers to."""

from collections.abc import Iterator

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.parser import parse_xml
from docx.parts.document import DocumentPart
from lxml import etree

from app.convert.blocks import Block

BREAK = "\f"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEFT_OUT = frozenset(["pPr", "rPr", "del", "moveFrom", "Fallback", "instrText", "delText", "tbl", "fldData"])
_SCRIPTS = {"sup": "^(", "sub": "_(", "num": "(", "den": "/("}
_NOTE_KINDS = {"footnoteReference": RELATIONSHIP_TYPE.FOOTNOTES, "endnoteReference": RELATIONSHIP_TYPE.ENDNOTES}


def tag_of(element: etree._Element) -> str:
    """Return an element's name without its namespace, "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def attribute(element: etree._Element, name: str) -> str:
    """Return an attribute of Word's namespace, "" where it is not set."""
    return str(element.get(_WORD + name) or "")


def paragraph_text(paragraph: etree._Element, notes: "Notes") -> str:
    """Return a paragraph's text with page breaks as form feeds; deleted and hidden text is left out."""
    pieces: list[str] = []
    walk = etree.iterwalk(paragraph, events=("start", "end"))
    for event, element in walk:
        tag = tag_of(element)
        if event == "end":
            pieces.append(")" if tag in _SCRIPTS else "\n" if tag == "p" and element is not paragraph else "")
        elif tag in _LEFT_OUT or (tag == "r" and _hidden(element)):
            walk.skip_subtree()
        else:
            pieces.append(_piece(element, tag, notes))
    return "".join(pieces)


def _piece(element: etree._Element, tag: str, notes: "Notes") -> str:
    if tag == "t":
        return _raised_number(element) or element.text or ""
    if tag == "lastRenderedPageBreak" or (tag == "br" and attribute(element, "type") == "page"):
        return BREAK
    if tag in ("br", "cr"):
        return "\n"
    if tag in _NOTE_KINDS:
        return notes.refer(tag, attribute(element, "id"))
    return {"tab": "\t", "noBreakHyphen": "-", **_SCRIPTS}.get(tag, "")


def _raised_number(text: etree._Element) -> str:
    """Return a raised number apart from what stands before it, of which it would read as digits; "" for other text."""
    number, place = (text.text or "").strip(), text.find("../{*}rPr/{*}vertAlign")
    raised = place is not None and attribute(place, "val") == "superscript"
    return f"^({number})" if raised and number.isdigit() else ""


def _hidden(run: etree._Element) -> bool:
    vanish = run.find("{*}rPr/{*}vanish")
    return vanish is not None and attribute(vanish, "val") not in ("0", "false")


def is_bold(paragraph: etree._Element) -> bool:
    """Whether all of a paragraph's text is set bold by its runs."""
    runs = [run for run in paragraph.iter("{*}r") if "".join(t.text or "" for t in run.iter("{*}t")).strip()]
    marks = [run.find("{*}rPr/{*}b") for run in runs]
    return bool(runs) and all(mark is not None and attribute(mark, "val") not in ("0", "false") for mark in marks)


class Notes:
    """Footnotes and endnotes, numbered as they are referred to and given out after the block that does."""

    def __init__(self, part: DocumentPart) -> None:
        self._part = part
        self._roots: dict[str, etree._Element | None] = {}
        self._waiting: list[Block] = []
        self._count = 0

    def refer(self, kind: str, note_id: str) -> str:
        """Return the mark of a note and keep its text for `take`; "" for a note that is not there."""
        text = self._text(kind, note_id)
        if not text:
            return ""
        self._count += 1
        self._waiting.append(Block(kind="text", markdown=f"[^{self._count}]: {text}"))
        return f"[^{self._count}]"

    def take(self) -> Iterator[Block]:
        """Give the notes referred to since the last call."""
        yield from self._waiting
        self._waiting = []

    def _text(self, kind: str, note_id: str) -> str:
        if kind not in self._roots:
            self._roots[kind] = self._load(kind)
        root = self._roots[kind]
        if root is None:
            return ""
        found = next((note for note in root if attribute(note, "id") == note_id), None)
        if found is None:
            return ""
        return " ".join("".join(t.text or "" for t in p.iter("{*}t")) for p in found.iter("{*}p")).strip()

    def _load(self, kind: str) -> etree._Element | None:
        related = (rel for rel in self._part.rels.values() if rel.reltype == _NOTE_KINDS[kind] and not rel.is_external)
        found = next(related, None)
        return parse_xml(found.target_part.blob) if found is not None else None
