"""Text of pages that are pictures, recognised by Tesseract where it is installed."""

import csv
import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from statistics import median

import pypdfium2 as pdfium

from app.convert.pdf_words import Word

deadline: ContextVar[float] = ContextVar("deadline", default=float("inf"))
"""When, on the monotonic clock, to stop recognising, so that what was read until then is not lost."""

_DPI = 200
_MOST_PIXELS = 25_000_000
_PAGE_SECONDS = 60.0
_LEAST_SURE = 30.0
_QUITE_SURE = 70.0
_MOST_LANGUAGES = 3


def recognise(page: pdfium.PdfPage) -> list[Word] | None:
    """Return the words on a picture of a page; None without Tesseract, or where the deadline leaves it no time.

    A page that lies on its side or on its head, by Tesseract's own judgement, is turned and read again.
    """
    program = find_tesseract()
    if program is None:
        return None
    width, height = page.get_size()
    scale = min(_DPI / 72, (_MOST_PIXELS / max(width * height, 1)) ** 0.5)
    options = ["--dpi", str(round(scale * 72)), "-l", "+".join(_languages(program)), "tsv"]
    picture = _draw(page, scale)
    rows = _read_table(_run([program, "stdin", "stdout", *options], picture))
    if rows is not None and _is_doubtful(rows) and "osd" in _list_languages(program):
        told = _run([program, "stdin", "stdout", "--psm", "0"], picture)
        turn = re.search(r"^Rotate: (90|180|270)$", told or "", re.MULTILINE)
        if turn:
            picture = _draw(page, scale, turn=int(turn.group(1)))
            rows = _read_table(_run([program, "stdin", "stdout", *options], picture)) or rows
    return None if rows is None else _read_words(rows, scale)


def _run(command: Sequence[str], picture: bytes) -> str | None:
    """Return what Tesseract prints of a picture; None where it fails or the deadline leaves it no time."""
    seconds = min(deadline.get() - time.monotonic(), _PAGE_SECONDS)
    if seconds <= 0:
        return None
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=seconds,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", errors="replace")


@cache
def find_tesseract() -> str | None:
    """Return Tesseract's path, None where it is not installed."""
    return shutil.which("tesseract")


def _languages(program: str) -> list[str]:
    """Return the languages to read in, English first."""
    found = [name for name in _list_languages(program) if name != "osd" and "/" not in name]
    return sorted(found, key=lambda name: (name != "eng", name))[:_MOST_LANGUAGES] or ["eng"]


@cache
def _list_languages(program: str) -> list[str]:
    """Return the names of what is installed; "osd" is what tells how a page lies."""
    listed = subprocess.run(
        [program, "--list-langs"], capture_output=True, text=True, timeout=_PAGE_SECONDS, check=False
    )
    return [line for line in listed.stdout.splitlines()[1:] if line]


def _draw(page: pdfium.PdfPage, scale: float, *, turn: int = 0) -> bytes:
    """Return a grey picture of the page, turned clockwise by degrees, as PGM."""
    bitmap = page.render(scale=scale, grayscale=True, rotation=turn)
    try:
        pixels = bytes(bitmap.buffer)
        rows = (pixels[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height))
        return b"P5 %d %d 255\n" % (bitmap.width, bitmap.height) + b"".join(rows)
    finally:
        bitmap.close()


def _read_table(table: str | None) -> list[dict[str, str]] | None:
    """Return the rows of Tesseract's table that are lines, or words it is sure enough of."""
    if table is None:
        return None
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    return [row for row in rows if row["level"] == "4" or (row["text"].strip() and float(row["conf"]) >= _LEAST_SURE)]


def _is_doubtful(rows: Sequence[dict[str, str]]) -> bool:
    """Whether a page may not lie upright: most words are unsure, or stand in lines that are higher than wide."""
    lines = [row for row in rows if row["level"] == "4"]
    sure = [float(row["conf"]) for row in rows if row["level"] != "4"]
    high = sum(int(line["height"]) > int(line["width"]) for line in lines)
    return not sure or high * 2 > len(lines) or median(sure) < _QUITE_SURE


def _read_words(rows: Sequence[dict[str, str]], scale: float) -> list[Word]:
    """Return words with their places in points; they are as high as their line, and stand near its lower edge."""
    words: list[Word] = []
    line: tuple[float, float] = (0.0, 0.0)
    for row in rows:
        left, top, width, height = (int(row[name]) / scale for name in ("left", "top", "width", "height"))
        if row["level"] == "4":
            line = (top, height)
        else:
            top, height = line
            words.append(Word(text=row["text"].strip(), x0=left, x1=left + width, y=top + 0.8 * height, size=height))
    return words
