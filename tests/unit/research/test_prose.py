"""Figures read out of sentences."""

import pytest

from app.agents.research.prose import read_prose


def read(text: str) -> list[tuple[str, str, str]]:
    return [(value.measure, value.shown, value.period) for value in read_prose(text)]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Revenue of Tarn Foods was $4.5 million in 2024.", [("Revenue of Tarn Foods", "$4.5 million", "2024")]),
        ("In 2024, revenue amounted to $4.5 million.", [("revenue", "$4.5 million", "2024")]),
        (
            "The revenue rose to $4.5 million in 2024 from $3.9 million in 2023.",
            [("revenue", "$4.5 million", "2024"), ("revenue", "$3.9 million", "2023")],
        ),
        ("The effective tax rate was 12.5% for 2024.", [("effective tax rate", "12.5%", "2024")]),
    ],
)
def test_a_sentence_that_states_a_figure_of_a_period_is_read(
    sentence: str, expected: list[tuple[str, str, str]]
) -> None:
    assert read(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Revenue was $4.5 million.",
        "Revenue rose by $0.6 million in 2024.",
        "Growth was driven by $3 million of sales in 2024.",
        "The 3 mills were sold for $2 million in 2024.",
        "Revenue was $4.5 million in 2024. Costs were $2 million in 2024.",
    ],
)
def test_other_sentences_give_no_figure(sentence: str) -> None:
    assert read(sentence) == []
