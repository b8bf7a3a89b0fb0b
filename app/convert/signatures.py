"""What a file's first bytes, or a container's list of contents, say it is."""

import re

_ZIP_END = b"PK\x05\x06"
_END_SIZE = 22
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_OTHER_MAGIC = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Linux program"),
    (b"\xcf\xfa\xed\xfe", "a macOS program"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"BZh", "a bzip2 archive"),
    (_OLE, "an older Office file"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"{\\rtf", "an RTF file"),
    (b"ID3", "an audio file"),
    (b"OggS", "an audio file"),
    (b"SQLite format 3", "a database"),
)


def is_pdf(content: bytes) -> bool:
    """Whether the file is a PDF."""
    return b"%PDF-" in content[:1024]


def is_html(content: bytes) -> bool:
    """Whether the file begins as an HTML document."""
    text = content[:2048].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\x00", b"").lower()
    return bool(re.match(rb"(<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", text, re.DOTALL))


def is_zip(content: bytes) -> bool:
    """Whether the file is a ZIP archive of any kind."""
    return content.startswith((b"PK\x03\x04", _ZIP_END))


def is_office(content: bytes, *, folder: bytes) -> bool:
    """Whether a ZIP archive is an Office Open XML package with this folder; looks at its directory alone."""
    if not is_zip(content):
        return False
    directory = _directory(content)
    return b"[Content_Types].xml" in directory and folder in directory


def is_epub(content: bytes) -> bool:
    """Whether a ZIP archive is an EPUB book."""
    return _declares(content, b"application/epub+zip")


def has_stream(content: bytes, *, names: tuple[str, ...]) -> bool:
    """Whether an OLE2 file (older Office) has a stream or storage of one of these names."""
    return content.startswith(_OLE) and any(name.encode("utf-16-le") in content for name in names)


def is_open_document(content: bytes) -> bool:
    """Whether a ZIP archive is an OpenDocument file (ODT, ODS, ODP)."""
    return _declares(content, b"application/vnd.oasis.opendocument")


def is_binary_workbook(content: bytes) -> bool:
    """Whether an Office package is a workbook in Excel's binary form (XLSB)."""
    return is_office(content, folder=b"xl/workbook.bin")


def name_other(content: bytes) -> str:
    """Return what a file of a kind that can't be read looks like, "" when nothing tells."""
    if is_binary_workbook(content):
        return "an Excel binary workbook"
    if is_open_document(content):
        return "an OpenDocument file"
    return next((what for magic, what in _OTHER_MAGIC if content.startswith(magic)), "")


def is_encrypted_office(content: bytes) -> bool:
    """Whether an OLE2 file is the wrapping of an encrypted Office Open XML package."""
    return has_stream(content, names=("EncryptedPackage",))


def is_text(head: bytes) -> bool:
    """Whether bytes may be text: few control characters, or the zero bytes of UTF-16 and UTF-32."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    zeros = [head[start::2].count(0) for start in (0, 1)]
    if max(zeros) > len(head) * 0.3 and min(zeros) < len(head) * 0.05:
        return True
    control = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\x0c\x1b\x0b")
    return control * 50 <= len(head)


def _declares(content: bytes, media_type: bytes) -> bool:
    """Whether a ZIP archive opens with a member `mimetype` that names this; a book within it may name its own."""
    return is_zip(content) and content[30:38] == b"mimetype" and media_type in content[38:200]


def _directory(content: bytes) -> bytes:
    """Return the central directory, where names stand uncompressed; the whole file where it was cut off."""
    end = content.rfind(_ZIP_END)
    if end < 0 or end + _END_SIZE > len(content):
        return content
    size = int.from_bytes(content[end + 12 : end + 16], "little")
    return content[max(0, end - size) : end]
