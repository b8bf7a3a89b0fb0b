"""E-mail messages to pages: headers that matter, the body, and the names of what is attached."""

from email import message_from_bytes, policy
from email.message import EmailMessage

from app.convert.blocks import Block, build_pages
from app.convert.decode import decode
from app.convert.document import Converted
from app.convert.html import html_blocks
from app.convert.text import text_blocks
from app.errors import ConversionFailed

_HEAD = 2000
_HEADERS = ("Subject", "From", "To", "Cc", "Date")


def convert_email(content: bytes, *, max_pages: int) -> Converted:
    """Read a message (RFC 5322). Raises ConversionFailed when it has neither subject nor text."""
    wide = b"\x00" in content[:_HEAD]
    message = message_from_bytes(decode(content).encode("utf-8") if wide else content, policy=policy.default)
    headers = {name: _header(message, name) for name in _HEADERS}
    body = _body_blocks(message)
    if not body and not headers["Subject"]:
        raise ConversionFailed("The message has no text to read.")
    lines = [f"**{name}:** {value}" for name, value in headers.items() if value]
    blocks = [Block(kind="text", markdown="  \n".join(lines)), *body, *_attachments(message)]
    return Converted(
        media_type="message/rfc822",
        pages=build_pages(blocks, max_pages=max_pages),
        title=headers["Subject"],
        metadata={name.lower(): value for name, value in headers.items() if value},
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, IndexError, AttributeError):
        return ""


def _body_blocks(message: EmailMessage) -> list[Block]:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return []
    payload = part.get_payload(decode=True)
    content = payload if isinstance(payload, bytes) else b""
    if not content.strip():
        return []
    text = _decode_part(content, part.get_content_charset())
    return html_blocks(text) if part.get_content_type() == "text/html" else text_blocks(text.replace("\r\n", "\n"))


def _decode_part(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "utf-8")
    except (LookupError, UnicodeDecodeError):
        return decode(content)


def _attachments(message: EmailMessage) -> list[Block]:
    names = [part.get_filename() for part in message.iter_attachments()]
    shown = ", ".join(name for name in names if name)
    return [Block(kind="text", markdown=f"**Attached:** {shown}")] if shown else []
