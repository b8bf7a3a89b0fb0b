"""Books (EPUB) to pages: the chapters in reading order, each beginning a page."""

from posixpath import dirname, join, normpath
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from app.convert.archive import open_archive, read_member
from app.convert.blocks import PAGE_SIZE, Block, fill_pages, make_page
from app.convert.document import Converted
from app.convert.html import decode_html, html_blocks
from app.errors import ConversionFailed

MEDIA_TYPE = "application/epub+zip"
_WHAT = "book"
_CONTAINER = "META-INF/container.xml"
_PROTECTED = "META-INF/encryption.xml"


def convert_epub(content: bytes, *, max_pages: int) -> Converted:
    """Read a book. Raises ConversionFailed when it is damaged, protected against copying, or holds no text."""
    with open_archive(content, what=_WHAT) as archive:
        package_path = _package_path(archive)
        package = _parse(read_member(archive, package_path, what=_WHAT))
        chapters = [_chapter(archive, path) for path in _chapter_paths(package, dirname(package_path), archive)]
        protected = _PROTECTED in archive.namelist()
    parts = [part for chapter in chapters if chapter for part in fill_pages(chapter, PAGE_SIZE)]
    if not parts:
        reason = "it is protected against copying" if protected else "it has no text"
        raise ConversionFailed(f"The {_WHAT} can't be read: {reason}.")
    if len(parts) > max_pages:
        raise ConversionFailed(f"The {_WHAT} makes {len(parts):,} pages; at most {max_pages:,} are read.")
    author = _metadata(package, "creator")
    return Converted(
        media_type=MEDIA_TYPE,
        pages=tuple(make_page(number, part) for number, part in enumerate(parts, start=1)),
        title=_metadata(package, "title"),
        metadata={"author": author} if author else {},
    )


def _package_path(archive: ZipFile) -> str:
    container = _parse(read_member(archive, _CONTAINER, what=_WHAT))
    root = next(container.iter("{*}rootfile"), None)
    path = root.get("full-path") if root is not None else None
    if not path:
        raise ConversionFailed(f"The {_WHAT} is damaged: it doesn't say where its contents are.")
    return str(path)


def _parse(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root: etree._Element | None = etree.fromstring(xml, parser) if xml.strip() else None
    if root is None:
        raise ConversionFailed(f"The {_WHAT} is damaged: its contents list can't be read.")
    return root


def _chapter_paths(package: etree._Element, folder: str, archive: ZipFile) -> list[str]:
    """Return the members of the spine, in order, that are there."""
    hrefs = {item.get("id"): item.get("href") or "" for item in package.iter("{*}item")}
    wanted = [hrefs.get(link.get("idref"), "") for link in package.iter("{*}itemref")]
    paths = [normpath(join(folder, unquote(href))) for href in wanted if href]
    there = set(archive.namelist())
    return [path for path in paths if path in there]


def _chapter(archive: ZipFile, path: str) -> list[Block]:
    text = decode_html(read_member(archive, path, what=_WHAT))
    return [block for block in html_blocks(text) if block.kind != "break"] if text.strip() else []


def _metadata(package: etree._Element, name: str) -> str:
    found = next(package.iter(f"{{http://purl.org/dc/elements/1.1/}}{name}"), None)
    return " ".join((found.text or "").split()) if found is not None else ""
