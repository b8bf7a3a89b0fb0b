"""Sentences that exclude each other, and those that only look as if they did."""

import pytest

from app.knowledge.opposites import exclude_each_other

JULY, OCTOBER = {"period_end": "2023-07-01"}, {"period_end": "2023-09-30"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Durham plant employs 211 people on two shifts.", "The Durham plant employs 221 people on two shifts."),
        (
            "The supply contract with Brandt ends on March 1, 2026.",
            "The supply contract with Brandt ends on June 30, 2026.",
        ),
        ("The Durham plant is covered by insurance.", "The Durham plant is not covered by insurance."),
        ("The Durham plant stopped for nine days in May.", "The Durham plant stopped for six days in May."),
    ],
)
def test_one_difference_in_the_same_words_excludes(one: str, other: str) -> None:
    assert exclude_each_other(one, other, {}, {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Durham plant employs 211 people.", "The Durham plant employs 211 people."),
        ("The Durham plant employs 211 people on two shifts.", "The Leeds plant employs 190 people on two shifts."),
        ("On March 3, 2025 the plant had 211 staff aboard.", "On April 3, 2025 the plant had 221 staff aboard."),
        ("It rose 5% to 20 units in the plant there.", "It rose 6% to 21 units in the plant there."),
        ("The plant employs 211 people and makes bricks.", "The plant employs 211 people and sells tiles."),
        (
            "Sales of the plant fell in the first six months of 2023.",
            "Sales of the plant fell in the first nine months of 2023.",
        ),
    ],
)
def test_what_is_not_certain_is_left_open(one: str, other: str) -> None:
    assert not exclude_each_other(one, other, {}, {})


def test_what_changes_with_time_is_no_contradiction() -> None:
    one, other = (
        "The Durham plant employs 211 people on two shifts.",
        "The Durham plant employs 221 people on two shifts.",
    )
    assert not exclude_each_other(one, other, JULY, OCTOBER)
    dated, redated = (f"{each[:-1]} in fiscal year 2023." for each in (one, other))
    assert exclude_each_other(dated, redated, JULY, OCTOBER)
