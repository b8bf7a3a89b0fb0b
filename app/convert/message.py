"""A message as pages: headers that matter, the body, then the pages of what is attached."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from app.convert.blocks import Block, build_pages
from app.convert.document import Converted, Page
from app.errors import ConversionFailed, UnsupportedMedia

_MOST_ATTACHED = 100


class ReadAttached(Protocol):
    """Reads an attached file of any kind. Raises ConversionFailed or UnsupportedMedia."""

    def __call__(self, content: bytes, filename: str, media_type: str, *, max_pages: int) -> Converted: ...


@dataclass(frozen=True, kw_only=True)
class Attached:
    """A file within a message."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message as read from any format: `headers` in the order shown, "" where there is none."""

    headers: dict[str, str]
    body: Sequence[Block]
    attached: Sequence[Attached] = field(default=())


def build_message(message: Message, *, media_type: str, max_pages: int, read_attached: ReadAttached) -> Converted:
    """Return a message's pages. Raises ConversionFailed when it has neither subject nor text nor anything attached."""
    shown = {name: value for name, value in message.headers.items() if value}
    if not message.body and not shown.get("Subject") and not message.attached:
        raise ConversionFailed("The message has no text to read.")
    names: list[str] = []
    attached: list[Page] = []
    for file in message.attached[:_MOST_ATTACHED]:
        read, remark = _read(file, read_attached, max_pages - len(attached))
        attached += read
        names.append(file.filename + remark)
    head = "  \n".join(f"**{name}:** {value}" for name, value in shown.items())
    listed = [Block(kind="text", markdown=f"**Attached:** {'; '.join(names)}")] if names else []
    pages = build_pages([Block(kind="text", markdown=head), *message.body, *listed], max_pages=max_pages)
    if len(pages) + len(attached) > max_pages:
        raise ConversionFailed(f"The message makes more than {max_pages:,} pages with what is attached.")
    return Converted(
        media_type=media_type,
        pages=(*pages, *(replace(page, number=number) for number, page in enumerate(attached, start=len(pages) + 1))),
        title=shown.get("Subject", ""),
        metadata={name.lower(): value for name, value in shown.items()},
    )


def _read(file: Attached, read_attached: ReadAttached, max_pages: int) -> tuple[list[Page], str]:
    """Return an attached file's pages, labelled with its name, and a remark where it can't be read."""
    try:
        converted = read_attached(file.content, file.filename, file.media_type, max_pages=max_pages)
    except UnsupportedMedia:
        return [], " (not read)"
    except ConversionFailed as problem:
        return [], f" (not read: {problem.detail})"
    return [_labelled(page, file.filename) for page in converted.pages], ""


def _labelled(page: Page, filename: str) -> Page:
    label = f"{filename}: {page.label}" if page.label else filename
    return replace(page, markdown=f"*Attached: {filename}*\n\n{page.markdown}", label=label)
