"""ZIP packages taken apart and put together again."""

import io
from collections.abc import Callable, Mapping, Sequence
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

Change = Callable[[bytes], bytes | None]


def rewrite(content: bytes, changes: Mapping[str, Change], *, extra: Mapping[str, bytes] | None = None) -> bytes:
    """Return a ZIP file with members changed (None drops one) and others added."""
    members: dict[str, bytes | None] = {}
    with ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            members[name] = changes[name](data) if name in changes else data
    return pack({**{name: data for name, data in members.items() if data is not None}, **(extra or {})})


def swell(content: bytes, *, megabytes: int) -> bytes:
    """Return a ZIP file with one more member that says it expands to this size."""
    file = io.BytesIO(content)
    with ZipFile(file, "a") as archive:
        archive.writestr("bomb.bin", b"0")
        archive.infolist()[-1].file_size = megabytes * 2**20
    return file.getvalue()


def pack(members: Mapping[str, bytes], *, stored: Sequence[str] = ()) -> bytes:
    """Return a ZIP file with these members, some of them not compressed."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, compress_type=ZIP_STORED if name in stored else ZIP_DEFLATED)
    return file.getvalue()
