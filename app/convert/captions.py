"""The title and the unit note of a table, from the texts above it."""

import re
from collections.abc import Sequence

from app.convert.cells import find_unit_note, is_unit_note

_FURNITURE = re.compile(
    r"table of contents|part [iv]+\b|item \d+\w?\.?(?: (?:condensed )?(?:consolidated )?financial statements)?$"
    r"|\d{1,3}$|\S.{0,60}\| |.{0,80}\(continued\)$"
    r"|notes to (?:the )?(?:unaudited )?(?:condensed )?(?:consolidated )?financial statements",
    re.IGNORECASE,
)
_TOLD = re.compile(r"(?!.*\b(?:following|below|tables?)\b)(?:\S+\s+){4,}.*[\w%)][.!?]", re.IGNORECASE | re.DOTALL)
"""A sentence of the running text that does not point at the table: what it dates or names is something else."""
_NO_CAPTION = re.compile(r"\(\w\)|\d[A-Z][a-z]|(?i:note:|see (?:the )?accompanying)|-\s")


def find_caption(before: Sequence[str]) -> tuple[str, str]:
    """Return (caption, unit note) from the texts right above a table, nearest last; "" where there is none."""
    caption = note = ""
    for text in reversed(before[-8:]):
        plain = text.strip("#* \n")
        if is_unit_note(plain):
            note = note or plain
            continue
        if _FURNITURE.match(plain):
            continue
        if caption or _NO_CAPTION.match(plain) or text.startswith("|") or "\n| --- " in text:
            return caption, note or (find_unit_note(plain) if plain.endswith(":") else "")
        if _TOLD.fullmatch(plain):
            return caption, note or find_unit_note(plain)
        sentence = plain if len(plain) <= 200 else re.split(r"(?<=[.;])\s+(?=[A-Z])", plain)[-1]
        if len(sentence) > 500 or not (plain.endswith(":") or len(plain) <= 200):
            return "", note
        caption = sentence
        note = note or find_unit_note(sentence) or find_unit_note(plain[-400:])
        if note:
            break
    return caption, note
