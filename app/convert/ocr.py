"""Text of pages that are pictures, recognised by Tesseract where it is installed."""

import csv
import io
import os
import shutil
import subprocess
import time
from contextvars import ContextVar
from functools import cache

import pypdfium2 as pdfium

from app.convert.pdf_words import Word

deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
"""When, on the monotonic clock, to stop recognising, so that what was read until then is not lost."""

_DPI = 200
_MOST_PIXELS = 25_000_000
_PAGE_SECONDS = 60.0
_LEAST_SURE = 30.0
_MOST_LANGUAGES = 3


def recognise(page: pdfium.PdfPage) -> list[Word] | None:
    """Return the words on a picture of a page; None without Tesseract, or where the deadline leaves it no time."""
    program, seconds = find_tesseract(), min(deadline.get() - time.monotonic(), _PAGE_SECONDS)
    if program is None or seconds <= 0:
        return None
    width, height = page.get_size()
    scale = min(_DPI / 72, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
    command = [program, "stdin", "stdout", "--dpi", str(round(scale * 72)), "-l", _languages(program), "tsv"]
    try:
        done = subprocess.run(
            command,
            input=_draw(page, scale),
            capture_output=True,
            timeout=seconds,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return _read_words(done.stdout.decode("utf-8", errors="replace"), scale)


@cache
def find_tesseract() -> str | None:
    """Return Tesseract's path, None where it is not installed."""
    return shutil.which("tesseract")


@cache
def _languages(program: str) -> str:
    """Return the languages installed, English first, as Tesseract takes them."""
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, timeout=_PAGE_SECONDS, check=False
    )
    found = [line for line in listed.stdout.splitlines()[1:] if line and line != "osd" and "/" not in line]
    ordered = sorted(found, key=lambda name: (name != "eng", name))
    return "+".join(ordered[:_MOST_LANGUAGES]) or "eng"


def _draw(page: pdfium.PdfPage, scale: float) -> bytes:
    """Return a grey picture of the page as PGM."""
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        pixels = bytes(bitmap.buffer)
        rows = (pixels[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height))
        return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
    finally:
        bitmap.close()


def _read_words(table: str, scale: float) -> list[Word]:
    """Read Tesseract's table of boxes; words are as high as their line, and stand near its lower edge."""
    words: list[Word] = []
    line: tuple[float, float] = (0.0, 0.0)
    for row in csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE):
        left, top, width, height = (int(row[name]) / scale for name in ("left", "top", "width", "height"))
        if row["level"] == "4":
            line = (top, height)
        elif row["level"] == "5" and row["text"].strip() and float(row["conf"]) >= _LEAST_SURE:
            top, height = line
            words.append(Word(text=row["text"].strip(), x0=left, x1=left + width, y=top + 0.8 * height, size=height))
    return words
