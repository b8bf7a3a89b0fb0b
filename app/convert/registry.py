"""Which kind a file is, and which reader reads it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

from app.convert.csvs import convert_csv
from app.convert.document import Converted
from app.convert.email import convert_email
from app.convert.html import convert_html
from app.convert.markdown import convert_markdown
from app.convert.pdf import convert_pdf
from app.convert.text import convert_text
from app.errors import ConversionFailed, UnsupportedMedia


class Read(Protocol):
    """Reads a file's bytes. Raises ConversionFailed with a sentence for people."""

    def __call__(self, content: bytes, *, max_pages: int) -> Converted: ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of file: its name for people, media types, extensions, reader, and what its first bytes look like."""

    name: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    read: Read
    recognise: Callable[[bytes], bool] = lambda _: False


def _is_pdf(head: bytes) -> bool:
    return b"%PDF-" in head[:1024]


def _is_html(head: bytes) -> bool:
    text = head[:2048].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"").lower()
    return bool(re.match(rb"(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", text, re.DOTALL))


FAMILIES: tuple[Family, ...] = (
    Family(name="PDF", media_types=("application/pdf",), extensions=(".pdf",), read=convert_pdf, recognise=_is_pdf),
    Family(
        name="HTML",
        media_types=("text/html", "application/xhtml+xml"),
        extensions=(".html", ".htm", ".xhtml"),
        read=convert_html,
        recognise=_is_html,
    ),
    Family(
        name="Markdown",
        media_types=("text/markdown",),
        extensions=(".md", ".markdown", ".mdx"),
        read=convert_markdown,
    ),
    Family(
        name="CSV",
        media_types=("text/csv", "text/tab-separated-values"),
        extensions=(".csv", ".tsv"),
        read=convert_csv,
    ),
    Family(name="e-mail (EML)", media_types=("message/rfc822",), extensions=(".eml",), read=convert_email),
    Family(name="text", media_types=("text/plain",), extensions=(".txt", ".text", ".log", ""), read=convert_text),
)

_OTHER_MAGIC = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xd0\xcf\x11\xe0", "an older or encrypted Office file"),
    (b"{\\rtf", "an RTF file"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio file"),
    (b"SQLite format 3", "a database"),
)


def supported_kinds() -> str:
    """Return the kinds that can be read, as words."""
    *names, last = [family.name for family in FAMILIES]
    return f"{', '.join(names)} and {last}"


def detect(content: bytes, filename: str, media_type: str = "") -> str:
    """Return the file's media type from its first bytes, its name and what was declared; reads little and fast.

    Raises UnsupportedMedia for a kind that can't be read, ConversionFailed for an empty file.
    """
    return find_family(content, filename, media_type).media_types[0]


def find_family(content: bytes, filename: str, media_type: str = "") -> Family:
    """Return the family that reads this file. Raises like `detect`."""
    if not content:
        raise ConversionFailed("The file is empty (0 bytes).")
    head = content[:4096]
    by_bytes = next((family for family in FAMILIES if family.recognise(head)), None)
    if by_bytes is not None:
        return by_bytes
    family = _by_name(filename) or _by_media_type(media_type)
    other = next((what for magic, what in _OTHER_MAGIC if head.startswith(magic)), None)
    if family is None or (other is not None and not _is_text(head)):
        raise _unsupported(filename, other)
    if family.name == "PDF":
        raise ConversionFailed("The file is named as a PDF but its content is not one; it may be damaged.")
    if not _is_text(head):
        raise _unsupported(filename, "binary data")
    return family


def _by_name(filename: str) -> Family | None:
    suffix = PurePath(filename).suffix.lower()
    return next((family for family in FAMILIES if suffix in family.extensions), None)


def _by_media_type(media_type: str) -> Family | None:
    plain = media_type.split(";", maxsplit=1)[0].strip().lower()
    return next((family for family in FAMILIES if plain in family.media_types), None)


def _unsupported(filename: str, what: str | None) -> UnsupportedMedia:
    looks = f" (it looks like {what})" if what else ""
    return UnsupportedMedia(
        f"{PurePath(filename).name or 'This file'} can't be read{looks}. Supported: {supported_kinds()}."
    )


def _is_text(head: bytes) -> bool:
    """Whether bytes may be text: few control characters, or the zero bytes of UTF-16 and UTF-32."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if max(zeros) > len(head) * 0.3 and min(zeros) < len(head) * 0.05:
        return True
    control = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\x0c\x1b\x0b")
    return control * 50 <= len(head)
