"""Figures that sentences assert plainly, and those that are left to the sentence."""

import pytest

from app.knowledge.assertions import read_assertions

NAMES = ("Halden", "Halden Instruments, Inc.")


def told(sentence: str) -> list[tuple[str, str, str, str, str]]:
    facts = read_assertions(sentence, NAMES)
    return [(fact.entity, fact.measure, f"{fact.value.normalize():f}", fact.unit, fact.period) for fact in facts]


def test_what_a_measure_was_and_what_it_is_compared_with() -> None:
    sales = ("Halden", "net sales")
    assert told(
        "Net sales were $698.4 million in the third quarter of 2025, compared with $602.8 million in 2024."
    ) == [
        ("Halden", "Net sales", "698400000", "USD", "2025q3"),
        ("Halden", "Net sales", "602800000", "USD", "2024"),
    ]
    assert told("Halden today announced net sales of $7 million for Q3 2025, compared with $6 million in Q3 2024.") == [
        (*sales, "7000000", "USD", "2025q3"),
        (*sales, "6000000", "USD", "2024q3"),
    ]
    assert told("Our net sales improved to $7 million in Q3 2025 from $6 million in Q3 2024.") == [
        (*sales, "7000000", "USD", "2025q3"),
        (*sales, "6000000", "USD", "2024q3"),
    ]


def test_a_period_may_open_the_sentence_and_figures_may_come_in_turn() -> None:
    said = "As of June 30, 2023 and 2022, our deferred revenue was $2.1 billion and $2.0 billion, respectively."
    assert told(said) == [
        ("Halden", "deferred revenue", "2100000000", "USD", "at:2023-06-30"),
        ("Halden", "deferred revenue", "2000000000", "USD", "at:2022-06-30"),
    ]
    assert told("In 2024, headcount reached 1,204.") == [("Halden", "headcount", "1204", "", "2024")]
    assert told("The effective tax rate was 12.5% for the full year 2024.") == [
        ("Halden", "effective tax rate", "12.5", "percent", "2024")
    ]


def test_the_owner_named_in_the_sentence_is_the_entity() -> None:
    assert told("Kestrel Optics' inventories were €4.5 million as of May 31, 2023.") == [
        ("Kestrel Optics", "inventories", "4500000", "EUR", "at:2023-05-31")
    ]
    assert told("Halden's diluted earnings per share were $1.28 in fiscal 2025.") == [
        ("Halden", "diluted earnings per share", "1.28", "USD/share", "fy:2025")
    ]


def test_without_a_name_a_figure_is_nobodys() -> None:
    (fact,) = read_assertions("Revenue of Tarn Foods was $4.5 million in 2024.")
    assert (fact.entity, fact.measure, fact.shown) == ("", "Revenue of Tarn Foods", "$4.5 million")


@pytest.mark.parametrize(
    "sentence",
    [
        "Net sales were about $698 million in the third quarter of 2025.",
        "Net sales were $5 million higher in the third quarter of 2025.",
        "Net sales were $5 million to $6 million in the third quarter of 2025.",
        "Net sales are expected to be $700 million in fiscal 2026.",
        "Net sales were $698.4 million.",
        "Net sales rose by $0.6 million in 2024.",
        "In the first nine months of 2024, net sales were $5 million.",
        "Growth was driven by $3 million of sales in 2024.",
        "The 3 mills were sold for $2 million in 2024.",
        "Sales that were lost because of the stop were $11 million in fiscal 2025.",
        "Net sales were $4 million and $5 million in fiscal 2025 and 2024.",
        "Net income was 12% of net sales in fiscal 2025.",
        "Kestrel Optics reported net sales of $5 million in fiscal 2025.",
    ],
)
def test_what_is_hedged_compared_or_not_said_is_left_to_the_sentence(sentence: str) -> None:
    assert told(sentence) == []
