"""ZIP archives, bounded before anything is unpacked: Office files, books, and archives of documents."""

import io
import re
import zlib
from zipfile import BadZipFile, ZipFile

from app.errors import ConversionFailed

MOST_MEMBERS = 10_000
MOST_EXPANDED = 512 * 1024 * 1024
_ENCRYPTED = 0x1
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HEAD = 4096


def open_archive(content: bytes, *, what: str) -> ZipFile:
    """Return an archive that is safe to read whole.

    Raises ConversionFailed, naming `what` it is, when it is damaged, encrypted, or would expand beyond bounds.
    """
    try:
        archive = ZipFile(io.BytesIO(content))
    except (BadZipFile, ValueError, NotImplementedError, EOFError):
        raise ConversionFailed(f"The {what} is damaged or truncated and can't be opened.") from None
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise ConversionFailed(f"The {what} holds {len(members):,} files; at most {MOST_MEMBERS:,} are unpacked.")
    expanded = sum(member.file_size for member in members)
    if expanded > MOST_EXPANDED:
        raise ConversionFailed(
            f"The {what} would expand to {expanded / 2**20:,.0f} MB; at most {MOST_EXPANDED // 2**20} MB are unpacked."
        )
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise ConversionFailed(f"The {what} is encrypted and needs a password.")
    return archive


def check_office(content: bytes, *, what: str) -> None:
    """Raise ConversionFailed when an Office Open XML package is damaged, expands too far, or declares entities."""
    with open_archive(content, what=what) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".rels")) and _DTD.search(read_member(archive, name, what=what, size=_HEAD)):
                raise ConversionFailed(f"The {what} declares XML entities, which no Office program writes.")


def read_member(archive: ZipFile, name: str, *, what: str, size: int = -1) -> bytes:
    """Return a member's bytes, at most `size` of them. Raises ConversionFailed when they are damaged."""
    try:
        with archive.open(name) as member:
            return member.read(size)
    except (BadZipFile, KeyError, NotImplementedError, EOFError, OSError, ValueError, RuntimeError, zlib.error):
        raise ConversionFailed(f"The {what} is damaged: its part {name} can't be read.") from None
