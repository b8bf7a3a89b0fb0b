import os

import pytest

from app.convert.registry import detect
from app.errors import ConversionFailed, UnsupportedMedia


@pytest.mark.parametrize(
    ("content", "filename", "media_type", "expected"),
    [
        (b"%PDF-1.7 ...", "report.bin", "", "application/pdf"),
        (b"<!DOCTYPE html><html>", "page", "", "text/html"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<html>", "filing.txt", "", "text/html"),
        (b"# Title", "notes.MD", "", "text/markdown"),
        (b"plain", "notes.txt", "application/octet-stream", "text/plain"),
        (b"plain", "unknown.ext", "text/markdown; charset=utf-8", "text/markdown"),
        ("naïve".encode("utf-16"), "notes.txt", "", "text/plain"),
    ],
)
def test_kind_is_told_by_bytes_then_name_then_declared_type(
    content: bytes, filename: str, media_type: str, expected: str
) -> None:
    assert detect(content, filename, media_type) == expected


@pytest.mark.parametrize(
    ("content", "filename"),
    [(b"MZ\x90\x00" + bytes(300), "setup.exe"), (os.urandom(4096), "data.bin"), (os.urandom(4096), "notes.txt")],
)
def test_other_kinds_are_refused_and_the_sentence_names_what_can_be_read(content: bytes, filename: str) -> None:
    with pytest.raises(UnsupportedMedia, match=rf"{filename} can't be read.*Supported: .*PDF"):
        detect(content, filename)


def test_empty_file_and_text_named_pdf_fail_with_their_reason() -> None:
    with pytest.raises(ConversionFailed, match="0 bytes"):
        detect(b"", "a.pdf")
    with pytest.raises(ConversionFailed, match="its content is not"):
        detect(b"hello", "a.pdf")
