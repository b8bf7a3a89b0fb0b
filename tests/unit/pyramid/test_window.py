from hypothesis import given
from hypothesis import strategies as st

from app.agents.pyramid.schemas import Edit, Insight, Numbered, WindowReading
from app.agents.pyramid.window import apply_edits, final_insights, merge_insights, pages_of, plan_segments, window_hash
from app.convert.document import Page


@given(st.integers(1, 400), st.integers(1, 40))
def test_segments_read_every_window_once(pages: int, segments: int) -> None:
    planned = plan_segments(pages, segments)
    windows = [start for first, last in planned for start in range(first, max(last, first + 1))]
    assert windows == list(range(1, max(pages, 2)))


@given(st.integers(2, 100))
def test_every_inner_page_is_read_twice(pages: int) -> None:
    seen = [page for start in range(1, pages) for page in pages_of(start, pages)]
    assert all(seen.count(page) == (1 if page in (1, pages) else 2) for page in range(1, pages + 1))


def test_edits_add_replace_and_drop_by_number() -> None:
    known = [Numbered(number=1, page=1, text="Old."), Numbered(number=2, page=1, text="Wrong.")]
    edits = [
        Edit(op="replace", number=1, text="Better."),
        Edit(op="drop", number=2),
        Edit(op="add", page=2, text="New."),
        Edit(op="replace", number=9, text="Nobody's."),
    ]
    insights = apply_edits(known, WindowReading(edits=edits), [1, 2])
    assert [(insight.page, insight.text) for insight in insights] == [(1, "Better."), (2, "New.")]


def test_the_same_statement_on_a_page_stands_once() -> None:
    twice = [
        Insight(page=1, text="Sales were $5."),
        Insight(page=1, text="sales were $5"),
        Insight(page=2, text="Sales were $5."),
    ]
    assert [insight.page for insight in merge_insights(twice)] == [1, 2]


def test_different_figures_are_never_merged() -> None:
    texts = ["Margin was -5%.", "Margin was 5%.", "Margin was $5.", "Margin was 5.0%."]
    assert len(merge_insights(Insight(page=1, text=text) for text in texts)) == 4


def test_a_page_keeps_what_its_second_reading_says() -> None:
    windows = {
        1: [Insight(page=1, text="A."), Insight(page=2, text="B?")],
        2: [Insight(page=2, text="B."), Insight(page=3, text="C.")],
    }
    assert [i.text for i in final_insights(windows, [(1, 3)])] == ["A.", "B.", "C."]


def test_a_page_between_segments_keeps_both_readings() -> None:
    windows = {1: [Insight(page=2, text="Left.")], 2: [Insight(page=2, text="Right.")]}
    assert [i.text for i in final_insights(windows, [(1, 2), (2, 3)])] == ["Left.", "Right."]


def test_a_window_is_known_by_what_it_reads_and_who_reads_it() -> None:
    page, other = Page(number=1, markdown="one"), Page(number=1, markdown="two")
    key = window_hash([page], before=None, reader="offline", subject="Acme")
    assert key == window_hash([page], before=None, reader="offline", subject="Acme")
    assert key != window_hash([other], before=None, reader="offline", subject="Acme")
    assert key != window_hash([page], before=None, reader="openai", subject="Acme")
