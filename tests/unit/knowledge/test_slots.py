"""Two figures of one slot: what they are to each other."""

from decimal import Decimal

import pytest

from app.knowledge.slots import compare_facts, hash_slot, is_complete
from app.knowledge.types import Fact

JULY = {"period_end": "2023-07-01", "fiscal_year": "2023", "fiscal_period": "Q3", "form": "10-Q"}
OCTOBER = {"period_end": "2023-09-30", "fiscal_year": "2023", "fiscal_period": "FY", "form": "10-K"}


def sales(shown: str, value: str, **changes: str) -> Fact:
    given = {"entity": "Halden", "measure": "net sales", "unit": "USD", "period": "3m:2023-07-01", **changes}
    return Fact(value=Decimal(value), shown=shown, **given)


@pytest.mark.parametrize(
    ("theirs", "outcome"),
    [
        (sales("81.8 billion", "81800000000"), "duplicate"),
        (sales("81,797", "81797000000", scope="Europe"), "other_scope"),
        (sales("81,797", "81797000000", period="9m:2023-07-01"), "other_period"),
        (sales("81,797", "81797000"), "unit_slip"),
        (sales("81.9 billion", "81900000000"), "conflict"),
        (sales("81,798", "81798000000"), "conflict"),
        (sales("81,797", "81797000000", unit="EUR"), "other_scope"),
    ],
)
def test_values_are_compared_at_the_precision_they_state(theirs: Fact, outcome: str) -> None:
    mine = sales("81,797", "81797000000")
    assert compare_facts(mine, theirs, document=JULY, other=JULY).outcome == outcome


def test_another_value_in_a_later_filing_is_a_restatement_and_says_which_is_newer() -> None:
    early, late = sales("81,797", "81797000000"), sales("81,790", "81790000000")
    assert compare_facts(late, early, document=OCTOBER, other=JULY).newer == "entry"
    found = compare_facts(early, late, document=JULY, other=OCTOBER)
    assert (found.outcome, found.newer) == ("restated", "other")


def test_what_else_there_was_is_grouped_anew_by_later_filings() -> None:
    early, late = (sales(shown, shown, measure="other operating activities") for shown in ("2695", "61"))
    assert compare_facts(late, early, document=OCTOBER, other=JULY).outcome == "other_scope"
    assert compare_facts(late, early, document=JULY, other=JULY).outcome == "conflict"
    early, late = (sales(shown, shown, measure="other comprehensive income") for shown in ("2695", "61"))
    assert compare_facts(late, early, document=OCTOBER, other=JULY).outcome == "restated"


def test_what_is_expected_of_a_time_to_come_is_expected_anew_later() -> None:
    early, late = (sales(shown, shown, period="fy:2026-09-30") for shown in ("2695", "61"))
    assert compare_facts(late, early, document=OCTOBER, other=JULY).outcome == "other_scope"
    early, late = (sales(shown, shown, period="fy:2026") for shown in ("2695", "61"))
    assert compare_facts(late, early, document=OCTOBER, other=JULY).outcome == "other_scope"


def test_an_amendment_is_newer_than_what_it_amends() -> None:
    early, late = sales("81,797", "81797000000"), sales("81,790", "81790000000")
    found = compare_facts(late, early, document={**JULY, "form": "10-Q/A"}, other=JULY)
    assert (found.outcome, found.newer) == ("restated", "entry")


def test_a_quarter_by_name_is_the_quarter_by_date_of_a_document_that_says_so() -> None:
    named = sales("81.8 billion", "81800000000", period="2023q3")
    assert hash_slot(named, JULY) == hash_slot(sales("81,797", "81797000000"), JULY)
    assert compare_facts(named, sales("81,797", "81797000000"), document=JULY, other=JULY).outcome == "duplicate"


@pytest.mark.parametrize(
    "measure",
    [
        "June 30, 2023",
        "2027 (in millions)",
        "Thereafter",
        "total (Amount)",
        "other",
        "S&P Retailing Group",
        "Halden Inc.",
    ],
)
def test_a_row_that_does_not_say_what_it_measures_is_compared_with_nothing(measure: str) -> None:
    assert not is_complete(sales("5", "5", measure=measure))


def test_a_year_alone_does_not_say_when() -> None:
    assert not is_complete(sales("5", "5", period="2023"))
