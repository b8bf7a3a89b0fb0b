"""Choosing a media type."""

from app.api.agents import preferred


def test_first_comes_first() -> None:
    assert preferred("text/markdown, application/json") == ["text/markdown", "application/json"]


def test_quality_outranks_place() -> None:
    assert preferred("text/html;q=0.2, application/json; q=0.9, text/markdown") == [
        "text/markdown",
        "application/json",
        "text/html",
    ]


def test_what_is_refused_is_left_out() -> None:
    assert preferred("text/html;q=0, */*;q=nonsense, text/markdown") == ["text/markdown"]
