"""Windows of two pages that slide by one, cut into segments, and the edits read from them."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

from app.agents.pyramid.schemas import Insight, Numbered, WindowReading
from app.convert.document import Page

UNSAID = re.compile(r"(?:[^\w%$€£.,-]|_)+")
"""What two texts may differ in and still say the same."""


def plan_segments(pages: int, segments: int) -> list[tuple[int, int]]:
    """Cut a document into runs of windows: (first, last) page each, neighbours sharing one page.

    A window starts at each page but the last; a document of one page has one window of one page.
    """
    windows = max(pages - 1, 1)
    count = max(1, min(segments, windows))
    bounds = [1 + windows * k // count for k in range(count + 1)]
    return [(bounds[k], min(bounds[k + 1], pages)) for k in range(count)]


def pages_of(window: int, pages: int) -> tuple[int, ...]:
    """Return the page numbers of the window that starts at a page."""
    return (window,) if window >= pages else (window, window + 1)


def window_hash(pages: Sequence[Page], *, before: Page | None, reader: str, subject: str) -> str:
    """Return the key under which a window's reading is kept: its pages, what the page before announces, who reads."""
    digest = hashlib.sha256(f"{reader}\0{subject}".encode())
    for page in pages:
        digest.update(f"\0{page.markdown}\0{page.tables!r}".encode())
    notes = [table.unit_note for table in before.tables] if before else []
    digest.update("\0".join(notes).encode())
    return digest.hexdigest()


def number_insights(insights: Iterable[Insight], page: int) -> list[Numbered]:
    """Return the insights of a page, numbered from 1, as a model sees them."""
    on_page = (insight for insight in insights if insight.page == page)
    return [Numbered(number=n, page=page, text=insight.text) for n, insight in enumerate(on_page, start=1)]


def apply_edits(known: Sequence[Numbered], reading: WindowReading, pages: Sequence[int]) -> list[Insight]:
    """Return the window's insights after the edits; texts stand once, unknown numbers and pages change nothing."""
    texts: dict[int, tuple[int, str]] = {item.number: (item.page, item.text) for item in known}
    added: list[tuple[int, str]] = []
    for edit in reading.edits:
        text = " ".join(edit.text.split())
        page = edit.page if edit.page in pages else pages[-1]
        if edit.op == "drop":
            texts.pop(edit.number, None)
        elif edit.op == "replace" and edit.number in texts and text:
            texts[edit.number] = (edit.page if edit.page in pages else texts[edit.number][0], text)
        elif edit.op == "add" and text:
            added.append((page, text))
    merged = [*texts.values(), *added]
    return merge_insights([Insight(page=page, text=text) for page, text in merged])


def merge_insights(insights: Iterable[Insight]) -> list[Insight]:
    """Return the insights with doubles on a page left out, in page order."""
    kept: dict[tuple[int, str], Insight] = {}
    for insight in insights:
        kept.setdefault((insight.page, _plain(insight.text)), insight)
    return sorted(kept.values(), key=lambda insight: insight.page)


def final_insights(windows: Mapping[int, Sequence[Insight]], segments: Sequence[tuple[int, int]]) -> list[Insight]:
    """Return the document's insights: of each page those of its last reading, at segment borders of both readings.

    `windows` is by first page. The page is read last by the window it opens (the last page by the last window).
    """
    borders = {last for _, last in segments[:-1]}
    final: list[Insight] = []
    for start, insights in sorted(windows.items()):
        last_window = start == max(windows)
        final.extend(i for i in insights if i.page == start or i.page in borders or last_window)
    return merge_insights(final)


def _plain(text: str) -> str:
    return UNSAID.sub("", text.lower()).rstrip(".")
