"""Which kind a file is, and which reader reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from typing import Protocol

from app.convert import signatures
from app.convert.csvs import convert_csv
from app.convert.document import Converted
from app.convert.email import MEDIA_TYPE as EMAIL_TYPE
from app.convert.email import convert_email
from app.convert.epub import MEDIA_TYPE as EPUB_TYPE
from app.convert.epub import convert_epub
from app.convert.html import convert_html
from app.convert.markdown import convert_markdown
from app.convert.outlook import MEDIA_TYPE as OUTLOOK_TYPE
from app.convert.outlook import convert_outlook
from app.convert.pdf import convert_pdf
from app.convert.sheets import XLS_TYPE, XLSX_TYPE, convert_xls, convert_xlsx
from app.convert.slides import MEDIA_TYPE as SLIDES_TYPE
from app.convert.slides import convert_slides
from app.convert.text import convert_text
from app.convert.unpack import MEDIA_TYPE as ZIP_TYPE
from app.convert.unpack import is_archive
from app.convert.word import MEDIA_TYPE as WORD_TYPE
from app.convert.word import convert_word
from app.errors import ConversionFailed, UnsupportedMedia


class Read(Protocol):
    """Reads a file's bytes. Raises ConversionFailed with a sentence for people."""

    def __call__(self, content: bytes, *, max_pages: int) -> Converted: ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of file: its name for people, media types, extensions, reader, and how its bytes are recognised.

    A `binary` kind is always recognised by its bytes; its name alone says nothing.
    """

    name: str
    media_types: tuple[str, ...]
    extensions: tuple[str, ...]
    read: Read
    recognise: Callable[[bytes], bool] = lambda _: False
    binary: bool = False


def _read_attached(content: bytes, filename: str, media_type: str, *, max_pages: int) -> Converted:
    return find_family(content, filename, media_type).read(content, max_pages=max_pages)


def _refuse_archive(content: bytes, *, max_pages: int) -> Converted:
    raise ConversionFailed("A ZIP archive is not one document; upload it, and its files are read one by one.")


FAMILIES: tuple[Family, ...] = (
    Family(
        name="PDF",
        media_types=("application/pdf",),
        extensions=(".pdf",),
        read=convert_pdf,
        recognise=signatures.is_pdf,
        binary=True,
    ),
    Family(
        name="Word (DOCX)",
        media_types=(WORD_TYPE, "application/vnd.ms-word.document.macroenabled.12"),
        extensions=(".docx", ".docm", ".dotx"),
        read=convert_word,
        recognise=partial(signatures.is_office, folder=b"word/"),
        binary=True,
    ),
    Family(
        name="PowerPoint (PPTX)",
        media_types=(SLIDES_TYPE, "application/vnd.ms-powerpoint.presentation.macroenabled.12"),
        extensions=(".pptx", ".pptm", ".ppsx", ".potx"),
        read=convert_slides,
        recognise=partial(signatures.is_office, folder=b"ppt/"),
        binary=True,
    ),
    Family(
        name="Excel (XLSX)",
        media_types=(XLSX_TYPE, "application/vnd.ms-excel.sheet.macroenabled.12"),
        extensions=(".xlsx", ".xlsm", ".xltx"),
        read=convert_xlsx,
        recognise=lambda content: (
            signatures.is_office(content, folder=b"xl/") and not signatures.is_binary_workbook(content)
        ),
        binary=True,
    ),
    Family(
        name="Excel 97 (XLS)",
        media_types=(XLS_TYPE,),
        extensions=(".xls",),
        read=convert_xls,
        recognise=partial(signatures.has_stream, names=("Workbook", "Book")),
        binary=True,
    ),
    Family(
        name="HTML",
        media_types=("text/html", "application/xhtml+xml"),
        extensions=(".html", ".htm", ".xhtml"),
        read=convert_html,
        recognise=signatures.is_html,
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
    Family(
        name="e-mail (EML)",
        media_types=(EMAIL_TYPE,),
        extensions=(".eml",),
        read=partial(convert_email, read_attached=_read_attached),
    ),
    Family(
        name="Outlook (MSG)",
        media_types=(OUTLOOK_TYPE,),
        extensions=(".msg",),
        read=partial(convert_outlook, read_attached=_read_attached),
        recognise=partial(signatures.has_stream, names=("__substg1.0_",)),
        binary=True,
    ),
    Family(
        name="EPUB",
        media_types=(EPUB_TYPE,),
        extensions=(".epub",),
        read=convert_epub,
        recognise=signatures.is_epub,
        binary=True,
    ),
    Family(
        name="ZIP",
        media_types=(ZIP_TYPE, "application/x-zip-compressed"),
        extensions=(".zip",),
        read=_refuse_archive,
        recognise=is_archive,
        binary=True,
    ),
    Family(name="text", media_types=("text/plain",), extensions=(".txt", ".text", ".log", ""), read=convert_text),
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
    if signatures.is_encrypted_office(content):
        raise ConversionFailed("The file is an encrypted Office file and needs a password.")
    by_bytes = next((family for family in FAMILIES if family.recognise(content)), None)
    if by_bytes is not None:
        return by_bytes
    head = content[:4096]
    family = _by_name(filename) or _by_media_type(media_type)
    other = signatures.name_other(content)
    if family is None or (other and not signatures.is_text(head)):
        raise _unsupported(filename, other)
    if family.binary:
        raise ConversionFailed(f"The file is named as {family.name}, but its content is not; it may be damaged.")
    if not signatures.is_text(head):
        raise _unsupported(filename, "binary data")
    return family


def _by_name(filename: str) -> Family | None:
    suffix = PurePath(filename).suffix.lower()
    return next((family for family in FAMILIES if suffix in family.extensions), None)


def _by_media_type(media_type: str) -> Family | None:
    plain = media_type.split(";", maxsplit=1)[0].strip().lower()
    return next((family for family in FAMILIES if plain in family.media_types), None)


def _unsupported(filename: str, what: str) -> UnsupportedMedia:
    looks = f" (it looks like {what})" if what else ""
    return UnsupportedMedia(
        f"{PurePath(filename).name or 'This file'} can't be read{looks}. Supported: {supported_kinds()}."
    )
