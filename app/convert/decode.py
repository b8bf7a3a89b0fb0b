"""Bytes of a text in any encoding → str."""

import codecs
import re

from charset_normalizer import from_bytes

from app.errors import ConversionFailed

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 200_000
_FEW_ACCENTS = 64
_MISREAD = re.compile(r"[^\W\d_][‚ƒ„…†‡ˆ‰‹“”•˜™›¡¢£¤¥¦§¨©«¬®¯°±²³´µ¶¸¹»¼½¾¿×÷][^\W\d_]|[a-zß-ÿ][À-ÞŒŠŽŸ]|[ÐðÝýÞþ]")
"""A sign within a word, a capital after a small letter, or a letter of Iceland, in whose place others have theirs."""


def decode(content: bytes) -> str:
    """Return the text with line ends as "\\n". Raises ConversionFailed when the bytes are no text."""
    text = _decode(content)
    if _rubbish(text):
        raise ConversionFailed("The file is not text: it holds binary data.")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _decode(content: bytes) -> str:
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content.decode(encoding, errors="replace")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(content)
    return _wide(content) if text.count("\x00") > len(text) / 5 else text


def _wide(content: bytes) -> str:
    """Read UTF-16 without a mark: the zero bytes say which half of each unit is which."""
    even, odd = content[0:_SAMPLE:2].count(0), content[1:_SAMPLE:2].count(0)
    return content.decode("utf-16-be" if even > odd else "utf-16-le", errors="replace")


def _guess(content: bytes) -> str:
    sample = content[:_SAMPLE]
    if sample.count(0) > len(sample) / 5:
        return _wide(content)
    match = None if _is_western(sample) else from_bytes(sample).best()
    return content.decode("cp1252" if match is None else match.encoding, errors="replace")


def _is_western(sample: bytes) -> bool:
    """Whether a text of few accents reads well in the code page of Western Europe; statistics want more of them."""
    accents = sum(byte > 127 for byte in sample)
    if accents > _FEW_ACCENTS or accents * 2 > sum(byte > 127 or chr(byte).isalpha() for byte in sample):
        return False
    try:
        return _MISREAD.search(sample.decode("cp1252")) is None
    except UnicodeDecodeError:
        return False


def _rubbish(text: str) -> bool:
    """Whether more than one character in twenty is one that no text has."""
    sample = text[:_SAMPLE]
    odd = sum(1 for c in sample if (c < " " and c not in "\t\n\r\f\x1b\x0b") or c == "\ufffd" or "\x7f" <= c <= "\x9f")
    return odd * 20 > len(sample)
