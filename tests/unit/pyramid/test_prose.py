import pytest

from app.agents.pyramid.prose import read_prose, split_sentences
from app.agents.pyramid.schemas import Card

CARD = Card(issuer="Apple Inc.", short_name="Apple")


def told(markdown: str, card: Card = CARD) -> list[str]:
    return [sentence.text for sentence in read_prose(markdown, card)]


def test_the_company_is_called_by_its_name() -> None:
    assert told("The Company’s products are sold in 26 countries by the Company.") == [
        "Apple's products are sold in 26 countries by Apple."
    ]


def test_sentences_that_lean_on_others_and_fragments_are_left_out() -> None:
    assert (
        told("It rose by 5% in the third quarter.\n\nTable of Contents\n\nPage 4\n\nSee Note 3 for more on the debt.")
        == []
    )


def test_a_sentence_that_leans_on_the_one_before_is_told_with_it() -> None:
    both = ["Tarn employs 90 people in Oslo. Its plants are in Bergen and Hamar."]
    assert told("Tarn employs 90 people in Oslo. Its plants are in Bergen and Hamar.") == both
    assert told("Tarn employs 90 people in Oslo.\n\nIts plants are in Bergen and Hamar.") == both
    assert told("Tarn employs 90 people in Oslo.\n\n| a | b |\n\nIts plants are in Bergen and Hamar.") == [
        "Tarn employs 90 people in Oslo."
    ]


def test_a_form_left_blank_and_a_box_not_ticked_say_nothing() -> None:
    blank = "For the transition period from            to           ."
    lines = "For the quarter ended ____ it was filed late by us."
    box = "☐ Written communications pursuant to Rule 425 under the Securities Act."
    filled = "For the transition period from January 1, 2024 to June 30, 2024."
    assert told(f"{blank}\n\n{lines}\n\n{box}\n\n{filled}") == [filled]


@pytest.mark.parametrize(
    "line",
    [
        "Notes to Consolidated Financial Statements (continued)",
        "Net sales by region and category ($ in millions, except per share amounts)",
        "Sheet13!A3:I9: Revenue by market Columns: Q1; Q2 Rows: Data Center; Gaming (3 cells)",
        "Attached: regions.xls; deck.pptx; blob.bin (not read)",
    ],
)
def test_headings_and_what_a_reader_adds_are_no_sentences(line: str) -> None:
    assert told(line) == []
    assert told("Edward P. Decker, Chair and President (Principal Executive Officer)")


def test_the_lines_of_a_form_are_told_together() -> None:
    lines = "**Number:** 2024-118\n**Amount due:** $12,450.00\n**Customer:** Apple Inc."
    assert told(f"# Invoice\n\n{lines}\n\nPaid in full [x]\n") == [
        "Apple – Invoice – Number: 2024-118; Amount due: $12,450.00; Customer: Apple Inc; Paid in full [x]."
    ]
    assert told("Tax rate: 21.5%") == ["Apple – Tax rate: 21.5%."]
    assert told("NOTE 4: INVENTORIES\n\nNOTE 5: DEBT\n\n- Level 1: prices that are quoted in active markets.") == [
        "Level 1: prices that are quoted in active markets."
    ]


def test_table_rows_and_headings_are_no_sentences_but_headings_are_topics() -> None:
    (sentence,) = read_prose("## Risk\n\n| a | b |\n\nDemand for phones may fall in 2024.\n", CARD)
    assert (sentence.text, sentence.topic) == ("Demand for phones may fall in 2024.", "Risk")


def test_the_place_of_a_sentence_is_where_it_stands() -> None:
    markdown = "# Cost\n\nFirst things cost money here. Overtime and travel\ncost $2.4 million in the third quarter."
    last = read_prose(markdown, CARD)[-1]
    assert markdown[last.start : last.end].split() == last.text.split()


def test_abbreviations_do_not_end_a_sentence() -> None:
    text = "Apple Inc. is in the U.S. market. It sells phones."
    assert [text[a:b] for a, b in split_sentences(text)] == ["Apple Inc. is in the U.S. market.", "It sells phones."]
