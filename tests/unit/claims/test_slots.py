"""Stored slots and periods against what a claim says."""

from decimal import Decimal

import pytest

from app.knowledge.claims.periods import compare_periods, parse_period
from app.knowledge.claims.slots import is_exactly, list_entity_terms, names_entity, read_slot
from app.knowledge.claims.types import Slot
from app.knowledge.periods import find_periods

PERIOD = [parse_period("fy:2024-09-28")]


def slot(measure: str, *, entity: str = "Apple", scope: str = "", unit: str = "USD") -> Slot:
    return Slot(
        entity=entity, measure=measure, value=Decimal(-31_370_000_000), unit=unit, period="fy:2024-09-28",
        shown="(31,370)", scope=scope,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "scope", "exact"),
    [
        ("research and development", "", True),
        ("operating expenses, Research and development", "", True),
        ("Research and development", "Research and development", True),
        ("cloud, Research and development", "", False),
        ("research and development", "Europe", False),
        ("research and development tax credits", "", False),
        ("research and development, ending balance", "", True),
        ("research and development, beginning balance", "", False),
        ("net sales", "", False),
    ],
)
def test_slot_is_meant_unless_its_name_is_narrower(measure: str, scope: str, exact: bool) -> None:
    claim = "Apple's R&D expense was $31,370 million in the year ended September 28, 2024."
    assert is_exactly(claim, slot(measure, scope=scope), PERIOD) is exact


def test_slot_of_another_company_is_not_meant() -> None:
    claim = "Apple's R&D expense was $31,370 million in the year ended September 28, 2024."
    assert not is_exactly(claim, slot("research and development", entity="IBM"), PERIOD)


def test_company_goes_by_its_initials() -> None:
    assert names_entity("International Business Machines's revenue", "IBM")
    assert "IBM" in list_entity_terms("What was International Business Machines's revenue?")
    assert not names_entity("The Corporation's revenue", "Visa Corporation")


def test_slot_is_as_precise_as_it_is_shown() -> None:
    figure = read_slot(slot("research and development"))
    assert (figure.value, figure.precision, figure.kind) == (Decimal(-31_370_000_000), Decimal(1_000_000), "currency")


@pytest.mark.parametrize(
    ("claimed", "stated", "sameness"),
    [
        ("in the three months ended July 1, 2023", "3m:2023-07-01", "same"),
        ("in the nine months ended July 1, 2023", "3m:2023-07-01", "other"),
        ("as of July 1, 2023", "at:2023-07-01", "same"),
        ("as of July 1, 2023", "3m:2023-07-01", "same"),
        ("as of July 2, 2023", "at:2023-07-01", "other"),
        ("in fiscal 2023", "fy:2023-09-30", "same"),
        ("in fiscal 2022", "fy:2023-09-30", "other"),
        ("in the third quarter of 2023", "3m:2023-07-01", "unsure"),
    ],
)
def test_periods_compare_by_length_and_last_day(claimed: str, stated: str, sameness: str) -> None:
    periods = [period for _, _, period in find_periods(claimed)]
    assert compare_periods(periods, [parse_period(stated)]) == sameness
