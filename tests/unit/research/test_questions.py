"""What is read out of a question."""

from uuid import UUID, uuid4

import pytest

from app.agents.research.documents import Known, know_document
from app.agents.research.questions import read_question, split_measures, split_question


def known(filename: str, issuer: str, end: str, fiscal: str) -> Known:
    year, period = fiscal.split()
    card = {"issuer": issuer, "period_end": end, "fiscal_year": year, "fiscal_period": period, "form": "10-Q"}
    return know_document(uuid4(), filename=filename, title="", card=card)


LIBRARY = [
    known("2022 Q3 AAPL.pdf", "Apple Inc.", "2022-06-25", "2022 Q3"),
    known("2023 Q2 AAPL.pdf", "Apple Inc.", "2023-04-01", "2023 Q2"),
    known("2023 Q3 AAPL.pdf", "Apple Inc.", "2023-07-01", "2023 Q3"),
    known("2023 Q3 MSFT.pdf", "Microsoft Corporation", "2023-03-31", "2023 Q3"),
]
NAMES: dict[UUID, str] = {d.id: d.filename for d in LIBRARY}


def files(question: str) -> list[str]:
    return [NAMES[i] for i in read_question(question, LIBRARY).document_ids]


def test_measure_and_period_are_read_apart_from_the_issuer() -> None:
    reading = read_question("What were Apple's total net sales in the three months ended July 1, 2023?", LIBRARY)
    assert (reading.kind, reading.issuers) == ("figure", ("apple",))
    assert set(reading.measure) == {"total", "revenu"}
    assert [p.form for p in reading.periods] == ["3m:2023-07-01"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What was Apple's gross margin in Q3 2023?", ["2023 Q3 AAPL.pdf"]),
        ("What was Microsoft's revenue?", ["2023 Q3 MSFT.pdf"]),
        ("What was Apple's tax rate in its latest 10-Q?", ["2023 Q3 AAPL.pdf"]),
        ("How has AAPL's revenue changed over time?", [n for n in NAMES.values() if "AAPL" in n]),
        ("Which risks are named?", list(NAMES.values())),
    ],
)
def test_the_documents_meant_are_chosen(question: str, expected: list[str]) -> None:
    assert files(question) == expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How much did Apple spend on research?", "figure"),
        ("How has Apple's revenue changed over time?", "change"),
        ("Which risks does Apple name?", "open"),
        ("Has Apple bought back shares, and what are the consequences?", "open"),
        ("What can I ask this collection?", "collection"),
        ("Summarise Apple's 10-Q for the third quarter of 2023.", "collection"),
        ("What are the documents about?", "collection"),
        ("Summarise Apple's risk factors.", "open"),
        ("What is the section on leases about?", "open"),
        ("Summarise Tesla's 10-K.", "open"),
    ],
)
def test_the_kind_of_answer_is_told(question: str, kind: str) -> None:
    assert read_question(question, LIBRARY).kind == kind


def test_instructions_and_preambles_are_no_part_of_the_measure() -> None:
    reading = read_question(
        "Using only the information within the balance sheet, how much total assets did Apple have at the end of "
        "FY2023? Answer in USD millions.",
        LIBRARY,
    )
    assert set(reading.measure) == {"total", "asset"}


def test_names_nobody_knows_are_kept_as_names() -> None:
    assert read_question("Who is Zyler Vance?", LIBRARY).names == ("zyler vanc",)


def test_a_question_of_two_parts_is_split() -> None:
    parts = split_question("What was Apple's revenue in 2023, and what were its operating expenses?")
    assert parts == ["What was Apple's revenue in 2023", "What were its operating expenses?"]


def test_a_list_of_measures_is_split_and_no_name_of_one_is() -> None:
    question = "How did Apple's net sales, research and development and net income change between Q2 2023 and Q3 2023?"
    assert split_measures(question, read_question(question, LIBRARY)) == [
        "How did Apple's net sales change?",
        "How did research and development change?",
        "How did net income change between Q2 2023 and Q3 2023?",
    ]
