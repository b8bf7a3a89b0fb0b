"""Where a problem points."""

from app.api.errors import pointer


def test_body_is_pointed_into_by_json_pointer() -> None:
    assert pointer(("body", "items", 3, "a/b~c")) == "/items/3/a~1b~0c"


def test_whole_body_is_the_empty_pointer() -> None:
    assert pointer(("body",)) == ""


def test_other_places_are_named() -> None:
    assert pointer(("query", "limit")) == "query/limit"
