"""Figures by entity, measure and period."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from app.agents.research.compute import say_figures
from app.agents.research.contradictions import find_contradictions
from app.agents.research.documents import Known, know_document
from app.agents.research.questions import read_question
from app.agents.research.schemas import Finding, SlotValue
from app.agents.research.slots import choose_slots, find_slots, period_fit
from app.knowledge.periods import months_ended, quarter

CARD = {
    "issuer": "Apple Inc.",
    "form": "10-Q",
    "fiscal_year": "2023",
    "fiscal_period": "Q3",
    "period_end": "2023-07-01",
}
DOCUMENT = know_document(uuid4(), filename="2023 Q3 AAPL.pdf", title="", card=CARD)
OTHER = know_document(
    uuid4(), filename="2023 Q2 AAPL.pdf", title="", card={**CARD, "fiscal_period": "Q2", "period_end": "2023-04-01"}
)
KNOWN = {DOCUMENT.id: DOCUMENT, OTHER.id: OTHER}
WORDS = {"3m:2023-07-01": "three months ended July 1, 2023", "9m:2023-07-01": "nine months ended July 1, 2023"}


def finding(measure: str, millions: int, period: str, *, document: Known = DOCUMENT, id: str = "F1") -> Finding:
    shown = f"{'-' if millions < 0 else ''}${abs(millions):,} million"
    text = f"Apple's {measure} were {shown} in the {WORDS.get(period, period)}."
    value = SlotValue(
        entity="Apple", measure=measure, value=Decimal(millions) * 10**6, unit="USD", period=period, shown=str(millions)
    )
    return Finding(
        id=id, entry_id=uuid4(), level="insight", document_id=document.id, filename=document.filename, pages=[4],
        text=text, facts=[value],
    )  # fmt: skip


FINDINGS = [
    finding("total net sales", 81797, "3m:2023-07-01"),
    finding("total net sales", 293787, "9m:2023-07-01"),
    finding("net sales, Products", 60584, "3m:2023-07-01"),
    finding("cost of sales", 45384, "3m:2023-07-01"),
    finding("change in total net sales", 5, "3m:2023-07-01"),
]


def answer(question: str, findings: list[Finding] = FINDINGS) -> list[int]:
    reading = read_question(question, list(KNOWN.values()))
    slots = choose_slots(reading, find_slots(reading, findings, KNOWN), KNOWN)
    return [int(s.value.value / 10**6) for s in slots]


def test_three_months_are_not_nine() -> None:
    assert answer("What were Apple's total net sales in the three months ended July 1, 2023?") == [81797]
    assert answer("What were Apple's total net sales in the nine months ended July 1, 2023?") == [293787]


def test_a_fiscal_quarter_is_that_of_the_document_named_so() -> None:
    assert answer("What was Apple's revenue in Q3 2023?") == [81797]


def test_a_period_that_is_not_there_gives_nothing() -> None:
    assert answer("What was Apple's revenue in the three months ended July 1, 2019?") == []


def test_the_same_quarter_of_the_year_before_is_read_from_its_column() -> None:
    assert period_fit(quarter(2022, 3), months_ended(3, date(2022, 6, 25)), DOCUMENT) > 0.8
    assert period_fit(quarter(2022, 3), months_ended(9, date(2022, 6, 25)), DOCUMENT) == 0
    assert period_fit(quarter(2022, 2), months_ended(3, date(2022, 6, 25)), DOCUMENT) == 0


def test_a_measure_must_have_every_word_that_is_asked() -> None:
    assert answer("What was Apple's revenue from Bitcoin mining in Q3 2023?") == []
    assert answer("What was Apple's cost of goods sold in Q3 2023?") == [45384]


def test_changes_are_computed_in_code() -> None:
    older = finding("total net sales", 94836, "3m:2023-04-01", document=OTHER, id="F2")
    reading = read_question("How has Apple's revenue changed over time?", list(KNOWN.values()))
    slots = choose_slots(reading, find_slots(reading, [FINDINGS[0], older], KNOWN), KNOWN)
    assert say_figures(slots)[0] == (
        "Apple's total net sales fell by $13,039 million (13.7%), from $94,836 million in the three months ended"
        " April 1, 2023 to $81,797 million in the three months ended July 1, 2023 [F2, F1]."
    )


def test_an_expense_below_zero_rises_when_more_is_spent() -> None:
    spent = [
        finding("interest expense", -490, "3m:2023-04-01", document=OTHER),
        finding("interest expense", -525, "3m:2023-07-01"),
    ]
    assert "rose by $35 million (7.1%), from $490 million" in changed("interest expense", spent)


def test_only_spans_of_one_length_are_compared_and_a_day_is_told_as_such() -> None:
    mixed = [
        finding("operating cash flow", 60, "6m:2023-04-01", document=OTHER),
        finding("operating cash flow", 90, "9m:2023-07-01"),
    ]
    reading = read_question("How has Apple's operating cash flow changed over time?", list(KNOWN.values()))
    slots = choose_slots(reading, find_slots(reading, mixed, KNOWN), KNOWN)
    assert len(say_figures(slots)) == len(slots) == 2
    owned = [finding("inventories", 7, "at:2023-04-01", document=OTHER), finding("inventories", 6, "at:2023-07-01")]
    assert "from $7 million as of April 1, 2023 to $6 million as of July 1, 2023" in changed("inventories", owned)


def changed(measure: str, findings: list[Finding]) -> str:
    reading = read_question(f"How have Apple's {measure} changed over time?", list(KNOWN.values()))
    return say_figures(choose_slots(reading, find_slots(reading, findings, KNOWN), KNOWN))[0]


def test_two_documents_that_disagree_are_set_side_by_side_newest_first() -> None:
    same = [FINDINGS[0], finding("total net sales", 81700, "3m:2023-07-01", document=OTHER)]
    found = find_contradictions(same, KNOWN)
    assert [[s.filename for s in c.sides] for c in found] == [["2023 Q3 AAPL.pdf", "2023 Q2 AAPL.pdf"]]
    assert find_contradictions([FINDINGS[0], FINDINGS[1]], KNOWN) == []


def test_what_is_paid_back_of_a_debt_is_not_the_debt() -> None:
    repaid = finding("repayments of term debt", -1401, "3m:2023-07-01")
    owed = finding("term debt", 98071, "at:2023-07-01")
    assert answer("What is Apple's term debt?", [repaid]) == []
    assert answer("What is Apple's term debt?", [repaid, owed]) == [98071]
    assert answer("What were Apple's repayments of term debt?", [repaid, owed]) == [-1401]
