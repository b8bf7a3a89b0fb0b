"""What crosses between the converter and its child: JSON, never pickles."""

from dataclasses import dataclass

from app.convert.document import Converted


@dataclass(frozen=True, kw_only=True)
class Request:
    """A document to read; its bytes follow in a frame of their own."""

    filename: str
    media_type: str
    max_pages: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The document read, or why it can't be."""

    converted: Converted | None = None
    problem: str = ""
    unsupported: bool = False
