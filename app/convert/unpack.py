"""Archives of documents (ZIP): their members, one after the other, within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from stat import S_ISLNK
from zipfile import ZipFile, ZipInfo

from app.convert import signatures
from app.convert.archive import open_archive, read_member
from app.errors import ConversionFailed

MEDIA_TYPE = "application/zip"
MOST_DOCUMENTS = 2000
MOST_UNPACKED = 256 * 1024 * 1024
_WHAT = "archive"
_DEEPEST = 3
_FURNITURE = frozenset(["__MACOSX", "Thumbs.db", "desktop.ini"])


@dataclass(frozen=True, kw_only=True)
class Member:
    """A file of an archive: where it stands in it, and its bytes or why they can't be had."""

    path: str
    content: bytes = b""
    problem: str = ""


def is_archive(content: bytes) -> bool:
    """Whether a file is a ZIP of documents, not an Office file or a book."""
    office = any(signatures.is_office(content, folder=folder) for folder in (b"word/", b"ppt/", b"xl/"))
    one = office or signatures.is_epub(content) or signatures.is_open_document(content)
    return signatures.is_zip(content) and not one


def unpack(content: bytes, *, max_bytes: int) -> Iterator[Member]:
    """Give an archive's files, those of archives within it too; hidden files and links are left out.

    Raises ConversionFailed when it is damaged, encrypted, empty, nested too deep, or holds or expands to too much.
    """
    budget = _Budget()
    found = False
    for member in _unpack(content, "", 1, max_bytes, budget):
        found = True
        yield member
    if not found:
        raise ConversionFailed("The archive holds no files to read.")


@dataclass
class _Budget:
    files: int = MOST_DOCUMENTS
    unpacked: int = MOST_UNPACKED

    def spend(self, size: int) -> None:
        self.files -= 1
        self.unpacked -= size
        if self.files < 0:
            raise ConversionFailed(f"The archive holds more than {MOST_DOCUMENTS:,} files.")
        if self.unpacked < 0:
            raise ConversionFailed(f"The archive would expand to more than {MOST_UNPACKED // 2**20} MB.")


def _unpack(content: bytes, folder: str, depth: int, max_bytes: int, budget: _Budget) -> Iterator[Member]:
    if depth > _DEEPEST:
        raise ConversionFailed(f"The archive holds archives within archives more than {_DEEPEST} deep.")
    with open_archive(content, what=_WHAT) as archive:
        for info in archive.infolist():
            path = _path(info)
            if not _is_document(info, path):
                continue
            budget.spend(info.file_size)
            yield from _read(archive, info, folder + path, depth, max_bytes, budget)


def _read(archive: ZipFile, info: ZipInfo, path: str, depth: int, max_bytes: int, budget: _Budget) -> Iterator[Member]:
    if info.file_size > max_bytes:
        yield Member(path=path, problem=f"The file is larger than the {max_bytes // 2**20} MB this service takes.")
        return
    try:
        content = read_member(archive, info.filename, what=_WHAT)
    except ConversionFailed as problem:
        yield Member(path=path, problem=problem.detail)
        return
    if is_archive(content):
        yield from _unpack(content, f"{path}/", depth + 1, max_bytes, budget)
    else:
        yield Member(path=path, content=content)


def _path(info: ZipInfo) -> str:
    """Return a member's path without what leads out of the archive."""
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "..", "."))


def _is_document(info: ZipInfo, path: str) -> bool:
    hidden = any(part in _FURNITURE or part.startswith(".") for part in path.split("/"))
    return bool(path) and not info.is_dir() and not hidden and not S_ISLNK(info.external_attr >> 16)
