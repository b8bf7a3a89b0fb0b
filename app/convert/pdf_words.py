"""Words of a PDF page with their places, from PDFium's character boxes."""

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pypdfium2 as pdfium
from pypdfium2 import raw

from app.convert.pdf_rules import Move, Rules, read_rules

_HYPHENS = frozenset([0x2, 0xFFFE])
_QUARTER = 1.5707963
_STRAIGHT = 0.3
_SLANTED = -1
_BLANKS = frozenset([0xA0, 0xAD, 0x200B, 0xFEFF, 0xFFFF])


@dataclass(slots=True, kw_only=True)
class Word:
    """A word; x to the right, y (its baseline) downwards, in points. `size` is the height of its font."""

    text: str
    x0: float
    x1: float
    y: float
    size: float
    strong: bool = False


@dataclass(slots=True)
class Line:
    """Words on one baseline, left to right."""

    words: list[Word] = field(default_factory=list)

    @property
    def x0(self) -> float:
        return self.words[0].x0

    @property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @property
    def y(self) -> float:
        return max(self.words, key=lambda w: w.size).y

    @property
    def size(self) -> float:
        return max(word.size for word in self.words)

    @property
    def strong(self) -> bool:
        bold = sum(len(word.text) for word in self.words if word.strong)
        return bold * 10 >= 9 * sum(len(word.text) for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(slots=True)
class _Char:
    code: int
    x0: float
    x1: float
    y: float
    size: float


@dataclass(frozen=True, kw_only=True)
class Written:
    """What stands on a page: its words in the order they were written, upright however the page is turned, and rules.

    `aside` holds the words set in other directions, such as along the margin or across the page, each upright too.
    """

    words: list[Word]
    rules: Rules
    aside: Sequence[list[Word]] = ()


def read_words(page: pdfium.PdfPage) -> Written:
    """Return what is written on a page."""
    text = page.get_textpage()
    try:
        count = text.count_chars()
        turn = _text_turns(text, count)
        others: set[int] = set()
        move = _move_by(page, turn)
        words = _join(text, _read_chars(text, count, move, turn, others))
        aside = [
            _join(text, _read_chars(text, count, _move_by(page, other), other, set()))
            for other in sorted(others - {_SLANTED})
        ]
        if _SLANTED in others:
            aside.append(_read_slanted(text, count))
        return Written(words=words, rules=read_rules(page, move), aside=aside)
    finally:
        text.close()


def _read_chars(
    text: pdfium.PdfTextPage, count: int, move: Move, turn: int, others: set[int]
) -> Iterator[tuple[int, _Char | None]]:
    """Give (index, character); None for white space, and for a character set in another direction, kept in `others`.

    A box as high as the one before has the same baseline and direction.
    """
    handle, unicode_of = text.raw, raw.FPDFText_GetUnicode
    loose_box, origin = raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharOrigin
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    last_y = last_height = baseline = 0.0
    direction = turn
    for index in range(count):
        code = unicode_of(handle, index)
        if code in _HYPHENS:
            code = 0x2D if raw.FPDFText_IsHyphen(handle, index) == 1 else 0x20
        if _is_blank(code):
            yield index, None
            continue
        loose_box(handle, index, at_box)
        ax, ay = move(box.left, box.bottom)
        bx, by = move(box.right, box.top)
        if ay != last_y or by - ay != last_height:
            origin(handle, index, at_x, at_y)
            last_y, last_height = ay, by - ay
            _, baseline = move(x.value, y.value)
            direction = _turn_at(text, index, turn)
        if direction != turn:
            others.add(direction)
            yield index, None
            continue
        yield index, _Char(code, ax if ax < bx else bx, bx if ax < bx else ax, baseline, abs(last_height))


def _is_blank(code: int) -> bool:
    return code <= 32 or code in _BLANKS or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF


def _turn_at(text: pdfium.PdfTextPage, index: int, usual: int) -> int:
    """Return by how many quarter turns a character is set, _SLANTED between them, the usual where it isn't known."""
    angle = raw.FPDFText_GetCharAngle(text, index)
    turns = angle / _QUARTER
    if angle < 0:
        return usual
    return round(turns) % 4 if abs(turns - round(turns)) < _STRAIGHT else _SLANTED


def _read_slanted(text: pdfium.PdfTextPage, count: int) -> list[Word]:
    """Return the words set neither level nor upright in one line, in the order they were written."""
    codes = (raw.FPDFText_GetUnicode(text, index) for index in range(count))
    letters = [
        " " if _is_blank(code) else chr(code) if _turn_at(text, index, 0) == _SLANTED else ""
        for index, code in enumerate(codes)
    ]
    words = "".join(letters).split()
    return [Word(text=word, x0=place, x1=place + 0.5, y=0.0, size=1.0) for place, word in enumerate(words)]


def _join(text: pdfium.PdfTextPage, chars: Iterator[tuple[int, _Char | None]]) -> list[Word]:
    words: list[Word] = []
    fonts = _Fonts(text)
    open_word: Word | None = None
    for index, char in chars:
        if char is None:
            open_word = None
            continue
        if open_word is not None and _continues(open_word, char):
            open_word.text += chr(char.code)
            open_word.x1 = max(open_word.x1, char.x1)
            continue
        open_word = Word(
            text=chr(char.code), x0=char.x0, x1=char.x1, y=char.y, size=char.size, strong=fonts.is_strong(index)
        )
        words.append(open_word)
    return [word for word in words if word.size > 0.5]


def _continues(word: Word, char: _Char) -> bool:
    size = word.size
    if not -size * 0.6 < char.x0 - word.x1 < size * 0.3:
        return False
    if char.y == word.y and char.size == size:
        return True
    return abs(char.y - word.y) <= size * 0.2 and 0.7 < char.size / max(size, 0.01) < 1.4


class _Fonts:
    """Tells which characters of a page are set in a strong font; asks once for each piece of text."""

    def __init__(self, text: pdfium.PdfTextPage) -> None:
        self._text = text.raw
        self._name = ctypes.create_string_buffer(96)
        self._flags = ctypes.c_int()
        self._known: dict[int | None, bool] = {}

    def is_strong(self, index: int) -> bool:
        piece = ctypes.cast(raw.FPDFText_GetTextObject(self._text, index), ctypes.c_void_p).value
        if piece is None:
            return self._ask(index)
        if piece not in self._known:
            self._known[piece] = self._ask(index)
        return self._known[piece]

    def _ask(self, index: int) -> bool:
        raw.FPDFText_GetFontInfo(self._text, index, self._name, 96, self._flags)
        name = self._name.value.lower()
        if b"bold" in name or b"black" in name or b"heavy" in name:
            return True
        return bool(raw.FPDFText_GetFontWeight(self._text, index) >= 600)


def upright(page: pdfium.PdfPage, text: pdfium.PdfTextPage) -> Move:
    """Return the map from page space to upright reading space: by the page's rotation plus that of most of its text."""
    return _move_by(page, _text_turns(text, text.count_chars()))


def _move_by(page: pdfium.PdfPage, turn: int) -> Move:
    left, bottom, right, top = page.get_mediabox()
    maps: dict[int, Move] = {
        0: lambda x, y: (x - left, top - y),
        1: lambda x, y: (y - bottom, x - left),
        2: lambda x, y: (right - x, y - bottom),
        3: lambda x, y: (top - y, right - x),
    }
    return maps[-turn % 4]


def _text_turns(text: pdfium.PdfTextPage, count: int) -> int:
    """Return by how many quarter turns, counter-clockwise in page space, most of a sample of characters are set."""
    votes = [0, 0, 0, 0]
    for index in range(0, count, max(1, count // 60)):
        angle = raw.FPDFText_GetCharAngle(text, index)
        if angle >= 0:
            votes[round(angle / _QUARTER) % 4] += 1
    return votes.index(max(votes))


def build_lines(words: Sequence[Word]) -> list[Line]:
    """Group words into lines from the top down; a raised or lowered mark stays with the line it overlaps."""
    lines: list[Line] = []
    for word in sorted(words, key=lambda w: (w.y, w.x0)):
        line = next((line for line in reversed(lines[-4:]) if _same_line(line.words[0], word)), None)
        if line is None:
            lines.append(Line([word]))
        else:
            line.words.append(word)
    for line in lines:
        line.words.sort(key=lambda w: w.x0)
    return sorted(lines, key=lambda line: line.y)


def _same_line(first: Word, word: Word) -> bool:
    top = max(first.y - 0.75 * first.size, word.y - 0.75 * word.size)
    bottom = min(first.y + 0.2 * first.size, word.y + 0.2 * word.size)
    return bottom - top > 0.5 * 0.95 * min(first.size, word.size)
