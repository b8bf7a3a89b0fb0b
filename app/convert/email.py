"""E-mail messages (EML) to pages."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.message import Message as Part

from app.convert.blocks import Block
from app.convert.decode import decode
from app.convert.document import Converted
from app.convert.html import html_blocks
from app.convert.message import Attached, Message, ReadAttached, build_message
from app.convert.text import text_blocks

MEDIA_TYPE = "message/rfc822"
_HEAD = 2000
_SHOWN = ("text/plain", "text/html")
_HEADERS = ("Subject", "From", "To", "Cc", "Date")


def convert_email(content: bytes, *, max_pages: int, read_attached: ReadAttached) -> Converted:
    """Read a message (RFC 5322) with what is attached. Raises ConversionFailed when there is nothing to read."""
    wide = b"\x00" in content[:_HEAD]
    source = message_from_bytes(decode(content).encode("utf-8") if wide else content, policy=policy.default)
    message = Message(
        headers={name: _header(source, name) for name in _HEADERS},
        body=[block for part in _text_parts(source) for block in _text_blocks(part)],
        attached=[_attached(part) for part in source.iter_attachments() if part.get_filename() or _is_message(part)],
    )
    return build_message(message, media_type=MEDIA_TYPE, max_pages=max_pages, read_attached=read_attached)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, IndexError, AttributeError):
        return ""


def _text_parts(message: EmailMessage) -> Iterator[Part]:
    """Give the body and what stands as text after it, such as words between two attachments."""
    if (body := message.get_body(preferencelist=("plain", "html"))) is not None:
        yield body
    for part in message.iter_attachments():
        if part is not body and not part.get_filename() and part.get_content_type() in _SHOWN:
            yield part


def _text_blocks(part: Part) -> list[Block]:
    content = _content(part)
    if not content.strip():
        return []
    text = _decode_part(content, part.get_content_charset())
    return html_blocks(text) if part.get_content_type() == "text/html" else text_blocks(text.replace("\r\n", "\n"))


def _decode_part(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(content)


def _is_message(part: Part) -> bool:
    return part.get_content_type() == MEDIA_TYPE


def _attached(part: Part) -> Attached:
    filename = part.get_filename() or "message.eml"
    return Attached(filename=filename, media_type=part.get_content_type(), content=_content(part))


def _content(part: Part) -> bytes:
    """Return a part's decoded bytes; those of a message within the message as it was sent."""
    if _is_message(part):
        inner = part.get_payload(0)
        return inner.as_bytes() if isinstance(inner, Part) else b""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
