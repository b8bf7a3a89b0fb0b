"""Answers of a server that searches the web itself: its text, and the pages cited in it."""

from typing import Any

from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field

WEB_SEARCH: dict[str, Any] = {"tools": [{"type": "web_search"}], "store": False}
"""What a request to the Responses API says beyond its messages; the server is asked to keep nothing."""


class WebCitation(BaseModel):
    """A page cited in a text; `start` and `end` are the characters of the text that cite it."""

    url: str
    title: str = ""
    start: int = Field(ge=0)
    end: int = Field(ge=0)


class WebAnswer(BaseModel):
    """What a search of the web came to."""

    text: str
    citations: list[WebCitation] = Field(default_factory=list)


def read_web_answer(message: AIMessage) -> WebAnswer:
    """Return a message's text with its citations, whose places count from the beginning of the whole text."""
    text, citations = "", []
    for block in message.content_blocks:
        if block["type"] != "text":
            continue
        for cited in block.get("annotations", []):
            if cited["type"] == "citation" and cited.get("url"):
                start, end = len(text) + cited.get("start_index", 0), len(text) + cited.get("end_index", 0)
                citations.append(WebCitation(url=cited["url"], title=cited.get("title") or "", start=start, end=end))
        text += block["text"]
    return WebAnswer(text=text, citations=citations)
