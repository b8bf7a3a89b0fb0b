"""What a Word paragraph is by its style: a heading of some level, a list item with its mark, the start of a page."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from lxml import etree

from app.convert.word_text import attribute

_HEADING = re.compile(r"heading (\d)$", re.IGNORECASE)
_DEEPEST = 6


@dataclass(frozen=True, kw_only=True)
class Style:
    """Heading level (0 for none), list mark with its indentation ("" for none), and whether a page begins here."""

    heading: int = 0
    marker: str = ""
    breaks_before: bool = False


class Styles:
    """Looks up what paragraphs are, and counts the items of numbered lists as it goes."""

    def __init__(self, document: Document) -> None:
        self._by_id = {attribute(style, "styleId"): style for style in document.styles.element.iter("{*}style")}
        numbering = [r for r in document.part.rels.values() if r.reltype == RELATIONSHIP_TYPE.NUMBERING]
        self._numbering = numbering[0].target_part.element if numbering else None
        self._counts: Counter[tuple[str, int]] = Counter()
        self._format = cache(self._find_format)

    def of(self, paragraph: etree._Element) -> Style:
        """Return what a paragraph is; call it once for each, in order."""
        own = paragraph.find("{*}pPr")
        chain = [own] if own is not None else []
        for style in self._ancestry(own):
            found = style.find("{*}pPr")
            chain += [found] if found is not None else []
        return Style(
            heading=self._heading(own, chain),
            marker=self._marker(chain),
            breaks_before=_is_on(chain, "pageBreakBefore"),
        )

    def _ancestry(self, own: etree._Element | None) -> list[etree._Element]:
        """Return a paragraph's style and those it is based on, nearest first."""
        chosen = own.find("{*}pStyle") if own is not None else None
        style_id, found = attribute(chosen, "val") if chosen is not None else "", list[etree._Element]()
        while (style := self._by_id.get(style_id)) is not None and style not in found:
            found.append(style)
            based = style.find("{*}basedOn")
            style_id = attribute(based, "val") if based is not None else ""
        return found

    def _heading(self, own: etree._Element | None, chain: list[etree._Element]) -> int:
        for style in self._ancestry(own):
            name = style.find("{*}name")
            text = attribute(name, "val") if name is not None else ""
            if text.lower() == "title":
                return 1
            if match := _HEADING.match(text):
                return min(max(int(match.group(1)), 1), _DEEPEST)
        level = next((p.find("{*}outlineLvl") for p in chain if p.find("{*}outlineLvl") is not None), None)
        shown = attribute(level, "val") if level is not None else ""
        return int(shown) + 1 if shown.isdigit() and int(shown) < _DEEPEST else 0

    def _marker(self, chain: list[etree._Element]) -> str:
        listed = next((p.find("{*}numPr") for p in chain if p.find("{*}numPr") is not None), None)
        if listed is None:
            return ""
        number, level = listed.find("{*}numId"), listed.find("{*}ilvl")
        list_id = attribute(number, "val") if number is not None else "0"
        depth_text = attribute(level, "val") if level is not None else "0"
        depth = min(int(depth_text), 8) if depth_text.isdigit() else 0
        if list_id == "0":
            return ""
        indent = "  " * depth
        if self._format(list_id, depth) in ("bullet", "none", ""):
            return f"{indent}- "
        self._counts[list_id, depth] += 1
        for deeper in range(depth + 1, 9):
            self._counts.pop((list_id, deeper), None)
        return f"{indent}{self._counts[list_id, depth]}. "

    def _find_format(self, list_id: str, depth: int) -> str:
        """Return how a list numbers its items at a depth: "bullet", "decimal", … ; "" when it doesn't say."""
        if self._numbering is None:
            return ""
        nums = (num for num in self._numbering.iter("{*}num") if attribute(num, "numId") == list_id)
        link = next((num.find("{*}abstractNumId") for num in nums), None)
        wanted = attribute(link, "val") if link is not None else ""
        for abstract in self._numbering.iter("{*}abstractNum"):
            if attribute(abstract, "abstractNumId") == wanted:
                levels = (level for level in abstract.iter("{*}lvl") if attribute(level, "ilvl") == str(depth))
                shown = next((level.find("{*}numFmt") for level in levels), None)
                return attribute(shown, "val") if shown is not None else ""
        return ""


def _is_on(chain: list[etree._Element], name: str) -> bool:
    found = next((p.find(f"{{*}}{name}") for p in chain if p.find(f"{{*}}{name}") is not None), None)
    return found is not None and attribute(found, "val") not in ("0", "false")
