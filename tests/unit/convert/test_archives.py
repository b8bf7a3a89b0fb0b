import io
from collections.abc import Callable
from zipfile import ZipFile, ZipInfo

import pytest

from app.convert.registry import detect, find_family
from app.convert.unpack import unpack
from app.errors import ConversionFailed, UnsupportedMedia
from tests.unit.convert.zipping import pack, swell

LIMIT = 2**20


def paths(content: bytes) -> list[str]:
    return [member.path for member in unpack(content, max_bytes=LIMIT)]


def test_files_are_given_with_their_paths_and_those_of_inner_archives_too() -> None:
    inner = pack({"b/two.md": b"# Two"})
    content = pack({"one.txt": b"One.", "folder/inner.zip": inner, "empty/": b""})
    assert detect(content, "all.zip") == "application/zip"
    members = [(member.path, member.content) for member in unpack(content, max_bytes=LIMIT)]
    assert members == [("one.txt", b"One."), ("folder/inner.zip/b/two.md", b"# Two")]


def test_hidden_files_links_and_ways_out_of_the_archive_are_not_followed() -> None:
    file = io.BytesIO(pack({"../../etc/passwd": b"x", "__MACOSX/._a.txt": b"x", ".git/config": b"x", "a.txt": b"x"}))
    with ZipFile(file, "a") as archive:
        link = ZipInfo("link.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert paths(file.getvalue()) == ["etc/passwd", "a.txt"]


def test_file_above_the_limit_is_named_and_the_others_are_read() -> None:
    large, small = unpack(pack({"large.txt": bytes(LIMIT + 1), "small.txt": b"x"}), max_bytes=LIMIT)
    assert (large.content, large.problem) == (b"", "The file is larger than the 1 MB this service takes.")
    assert small.content == b"x"


def damaged_member() -> bytes:
    content = pack({"bad.txt": b"some words that are kept"})
    return content.replace(content[40:44], b"\xff\xff\xff\xff", 1)


def test_damaged_file_is_named_with_its_reason() -> None:
    (member,) = unpack(damaged_member(), max_bytes=LIMIT)
    assert "damaged" in member.problem


def nested(depth: int) -> bytes:
    content = pack({"a.txt": b"x"})
    for _ in range(depth - 1):
        content = pack({"a.zip": content})
    return content


def encrypted() -> bytes:
    content = bytearray(pack({"a.txt": b"x"}))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (swell(pack({"a.txt": b"x"}), megabytes=300), "more than 256 MB"),
        (swell(pack({"a.txt": b"x"}), megabytes=600), "would expand to 600 MB"),
        (pack({"inner.zip": swell(pack({"a.txt": b"x"}), megabytes=300)}), "more than 256 MB"),
        (pack({f"{n}.txt": b"x" for n in range(2001)}), "more than 2,000 files"),
        (nested(4), "more than 3 deep"),
        (nested(3)[:-30], "damaged or truncated"),
        (encrypted(), "encrypted"),
        (pack({}), "no files"),
    ],
    ids=["bomb", "larger bomb", "bomb within", "too many", "too deep", "truncated", "encrypted", "empty"],
)
def test_archives_beyond_bounds_are_refused_whole(content: bytes, reason: str) -> None:
    with pytest.raises(ConversionFailed, match=reason):
        paths(content)


def test_office_files_and_books_are_no_archives_and_open_documents_are_refused() -> None:
    word = pack({"[Content_Types].xml": b"", "word/document.xml": b""})
    assert detect(word, "a.zip").endswith("wordprocessingml.document")
    with pytest.raises(UnsupportedMedia, match="OpenDocument"):
        detect(pack({"mimetype": b"application/vnd.oasis.opendocument.text"}, stored=("mimetype",)), "a.odt")


CONTAINER = b"""<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = b"""<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>The Book</dc:title><dc:creator>Ada</dc:creator></metadata><manifest><item id="b" href="two.xhtml"/>
<item id="a" href="one%20first.xhtml"/><item id="gone" href="gone.xhtml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="gone"/></spine></package>"""


def book(**changes: bytes) -> bytes:
    return pack(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OEBPS/content.opf": PACKAGE,
            "OEBPS/one first.xhtml": b"<html><body><h1>One</h1><p>It began.</p></body></html>",
            "OEBPS/two.xhtml": b"<html><body><h1>Two</h1><p>It ended.</p></body></html>",
            **changes,
        },
        stored=("mimetype",),
    )


def test_book_is_read_in_the_order_of_its_spine_a_page_a_chapter() -> None:
    content = book()
    assert detect(content, "a.zip") == "application/epub+zip"
    converted = find_family(content, "a.epub").read(content, max_pages=5)
    assert (converted.title, converted.metadata) == ("The Book", {"author": "Ada"})
    assert [page.markdown for page in converted.pages] == ["# One\n\nIt began.", "# Two\n\nIt ended."]


def test_an_archive_that_opens_with_a_book_is_an_archive() -> None:
    content = pack({"shelf/a.epub": book(), "notes.md": b"# Notes"}, stored=("shelf/a.epub",))
    assert detect(content, "shelf.zip") == "application/zip"
    assert [member.path for member in unpack(content, max_bytes=10**6)] == ["shelf/a.epub", "notes.md"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda: book()[:-300], "damaged"),
        (lambda: book(**{"META-INF/container.xml": b""}), "contents list"),
        (lambda: book(**{"META-INF/container.xml": b"<container/>"}), "where its contents are"),
        (lambda: book(**{"OEBPS/content.opf": b"<package/>", "META-INF/encryption.xml": b"x"}), "protected"),
    ],
)
def test_books_that_cannot_be_read_end_with_a_reason(damage: Callable[[], bytes], reason: str) -> None:
    content = damage()
    with pytest.raises(ConversionFailed, match=reason):
        find_family(content, "a.epub").read(content, max_pages=5)


def test_entities_of_a_book_are_not_fetched() -> None:
    evil = PACKAGE.replace(b"The Book", b"&x;").replace(
        b"<package", b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/hostname">]><package', 1
    )
    content = book(**{"OEBPS/content.opf": evil})
    assert find_family(content, "a.epub").read(content, max_pages=5).title == ""


def test_damaged_outlook_message_ends_with_a_reason() -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "__substg1.0_0037001F".encode("utf-16-le")
    with pytest.raises(ConversionFailed, match="damaged"):
        find_family(content, "a.msg").read(content, max_pages=5)
