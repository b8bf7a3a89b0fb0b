"""Outlook messages (MSG) to pages. Their streams are named after MAPI properties ([MS-OXMSG])."""

import struct
from datetime import UTC, datetime, timedelta

import olefile

from app.convert.blocks import Block
from app.convert.decode import decode
from app.convert.document import Converted
from app.convert.html import html_blocks
from app.convert.message import Attached, Message, ReadAttached, build_message
from app.convert.text import text_blocks
from app.errors import ConversionFailed

MEDIA_TYPE = "application/vnd.ms-outlook"
_SUBJECT, _BODY, _HTML, _SENDER, _SENDER_ADDRESS, _TO, _CC = "0037", "1000", "1013", "0C1A", "5D01", "0E04", "0E03"
_LONG_NAME, _SHORT_NAME, _DATA, _KIND = "3707", "3704", "3701", "370E"
_SENT = 0x0039
_HEADER_SIZE, _ENTRY_SIZE = 32, 16
_BROKEN = (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error, RecursionError)


def convert_outlook(content: bytes, *, max_pages: int, read_attached: ReadAttached) -> Converted:
    """Read an Outlook message with what is attached. Raises ConversionFailed when it is damaged or has no text."""
    try:
        with olefile.OleFileIO(content) as file:
            message = _read(file)
    except _BROKEN:
        raise ConversionFailed("The message is damaged and can't be read.") from None
    return build_message(message, media_type=MEDIA_TYPE, max_pages=max_pages, read_attached=read_attached)


def _read(file: olefile.OleFileIO) -> Message:
    sender, address = _text(file, _SENDER), _text(file, _SENDER_ADDRESS)
    return Message(
        headers={
            "Subject": _text(file, _SUBJECT),
            "From": f"{sender} <{address}>" if address and address != sender else sender,
            "To": _text(file, _TO),
            "Cc": _text(file, _CC),
            "Date": _sent(file),
        },
        body=_body(file),
        attached=[_attached(file, folder) for folder in _folders(file)],
    )


def _body(file: olefile.OleFileIO) -> list[Block]:
    plain = _text(file, _BODY)
    if plain.strip():
        return text_blocks(plain.replace("\r\n", "\n"))
    html = _bytes(file, _HTML)
    return html_blocks(decode(html)) if html.strip() else []


def _folders(file: olefile.OleFileIO) -> list[str]:
    return sorted({path[0] for path in file.listdir() if path[0].startswith("__attach_version1.0_")})


def _attached(file: olefile.OleFileIO, folder: str) -> Attached:
    name = _text(file, _LONG_NAME, folder) or _text(file, _SHORT_NAME, folder) or "attachment"
    return Attached(filename=name, media_type=_text(file, _KIND, folder), content=_bytes(file, _DATA, folder))


def _text(file: olefile.OleFileIO, name: str, folder: str = "") -> str:
    """Return a property's text, stored as UTF-16 (001F) or in the sender's code page (001E); "" for none."""
    for kind in ("001F", "001E"):
        path = [part for part in (folder, f"__substg1.0_{name}{kind}") if part]
        if file.exists(path):
            data = file.openstream(path).read()
            text = data.decode("utf-16-le", "replace") if kind == "001F" else decode(data)
            return text.replace("\x00", "").strip()
    return ""


def _bytes(file: olefile.OleFileIO, name: str, folder: str = "") -> bytes:
    path = [part for part in (folder, f"__substg1.0_{name}0102") if part]
    return bytes(file.openstream(path).read()) if file.exists(path) else b""


def _sent(file: olefile.OleFileIO) -> str:
    """Return when the message was sent, from the fixed-size properties: 100 ns since 1601 (UTC)."""
    if not file.exists("__properties_version1.0"):
        return ""
    data = file.openstream("__properties_version1.0").read()
    for start in range(_HEADER_SIZE, len(data) - _ENTRY_SIZE + 1, _ENTRY_SIZE):
        tag, _, value = struct.unpack_from("<IIQ", data, start)
        if tag >> 16 == _SENT:
            return (datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=value // 10)).isoformat(sep=" ")
    return ""
