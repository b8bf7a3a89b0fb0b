"""What a PDF holds beside its pages' text: the fields of forms, and the outline."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from app.convert.pdf_words import Word, upright

_MOST_FIELDS = 2000
_MOST_SECTIONS = 5000
_LARGEST_TYPE = 12.0
_LONGEST_STAMP = 25
_MARGIN = 0.08
_MOST_OF_PAGE = 0.6
_TICKABLE = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)


def read_fields(page: pdfium.PdfPage, forms: pdfium.PdfFormEnv) -> list[Word]:
    """Return what is filled into a page's form as words where it stands; ticked boxes as "[x]", others as "[ ]"."""
    text = page.get_textpage()
    move = upright(page, text)
    text.close()
    words: list[Word] = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET:
                words += _place(annotation, _shown(annotation, forms), move)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)
    return words


def _shown(annotation: Any, forms: pdfium.PdfFormEnv) -> str:
    kind = raw.FPDFAnnot_GetFormFieldType(forms, annotation)
    if kind in _TICKABLE:
        return "[x]" if raw.FPDFAnnot_IsChecked(forms, annotation) else "[ ]"
    return _text(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(forms, annotation, buffer, size))


def _text(read: Callable[[Any, int], int]) -> str:
    """Return a text that PDFium gives as UTF-16 with its size in bytes."""
    size = read(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    read(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", errors="replace")


def _place(annotation: Any, shown: str, move: Callable[[float, float], tuple[float, float]]) -> Iterator[Word]:
    """Give a field's text word by word, each line of it from the field's upper left corner on."""
    rectangle = raw.FS_RECTF()
    if not shown.strip() or not raw.FPDFAnnot_GetRect(annotation, rectangle):
        return
    ax, ay = move(rectangle.left, rectangle.bottom)
    bx, by = move(rectangle.right, rectangle.top)
    lines = [line for line in shown.replace("\r", "\n").split("\n") if line.strip()]
    left, top, height = min(ax, bx), min(ay, by), abs(by - ay)
    size = min(_LARGEST_TYPE, height / len(lines))
    pitch = size / 2
    first = top + height / 2 + 0.35 * size if len(lines) == 1 else top + size
    for number, line in enumerate(lines):
        x = left
        words = ["[ ]"] if line == "[ ]" else line.split()
        for word in words:
            yield Word(text=word, x0=x, x1=x + pitch * len(word), y=first + number * size, size=size)
            x += pitch * (len(word) + 1)


def read_outline(document: pdfium.PdfDocument) -> dict[int, str]:
    """Return the title of the outline's last section that begins on or before a page, by the page it begins on."""
    titles: dict[int, str] = {}
    try:
        for index, bookmark in enumerate(document.get_toc(max_depth=3)):
            if index >= _MOST_SECTIONS:
                break
            target = bookmark.get_dest()
            number = target.get_index() if target is not None else None
            if number is not None and number >= 0:
                titles.setdefault(number + 1, " ".join(bookmark.get_title().split()))
    except (pdfium.PdfiumError, UnicodeDecodeError):
        return titles
    return titles


def is_stamped_picture(page: pdfium.PdfPage, words: Sequence[Word]) -> bool:
    """Whether a page is a picture with nothing but a line at its head or foot set over it, such as a scan's number."""
    if len(words) > _LONGEST_STAMP:
        return False
    width, height = page.get_size()
    margin = _MARGIN * height
    stamped = all(word.y < margin or word.y > height - margin for word in words)
    return stamped and any(_covers(shape, width * height) for shape in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE], 1))


def _covers(shape: pdfium.PdfObject, area: float) -> bool:
    left, bottom, right, top = shape.get_bounds()
    return bool((right - left) * (top - bottom) >= _MOST_OF_PAGE * area)
