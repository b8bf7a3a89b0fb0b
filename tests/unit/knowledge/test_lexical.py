"""Text to lexemes."""

import pytest

from app.knowledge.lexical import MAX_LEXEME, lexemes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("$14,968 million", "14.968 billion dollars"),
        ("Q3 2024", "the third quarter of 2024"),
        ("three months ended July 1, 2023", "three-month period ended 1 July 2023"),
        ("(1,200)", "1200"),
        ("companies", "company"),
        ("Apple's", "apple"),
        ("IL-6", "il-6"),
        ("AT&T", "at&t"),
        ("U.S.", "US"),
    ],
)
def test_two_ways_to_write_a_thing_share_a_lexeme(one: str, other: str) -> None:
    assert set(lexemes(one)) & set(lexemes(other)) - {"month", "end", "million", "quarter", "2024"}


@pytest.mark.parametrize("text", ["", "the and of", "?!… —", "\x00", "😀"])
def test_stop_words_and_signs_give_nothing(text: str) -> None:
    assert lexemes(text) == []


def test_different_figures_share_nothing() -> None:
    assert not set(lexemes("81,797")) & set(lexemes("82,797"))


def test_repeats_are_kept_for_counting() -> None:
    assert lexemes("storm storms stormed") == ["storm"] * 3


def test_a_word_in_capitals_also_stands_as_it_is() -> None:
    assert lexemes("AMES") == ["ame", "=ames"]
    assert lexemes("ames") == ["ame"]


def test_a_lexeme_is_never_long() -> None:
    assert max(map(len, lexemes("x" * 10_000))) == MAX_LEXEME
