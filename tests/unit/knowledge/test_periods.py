from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.periods import find_periods, months_ended, normal_forms

FORMS = {
    "three months ended July 1, 2023": ["3m:2023-07-01"],
    "Three Months Ended July 1, 2023 June 25, 2022": ["3m:2023-07-01", "3m:2022-06-25"],
    "quarter ended September 30, 2022": ["3m:2022-09-30"],
    "quarterly period ended March 31, 2024": ["3m:2024-03-31"],
    "three and six months ended June 30, 2025 and 2024": [
        "3m:2025-06-30",
        "6m:2025-06-30",
        "3m:2024-06-30",
        "6m:2024-06-30",
    ],
    "nine-month period ended July 1, 2023": ["9m:2023-07-01"],
    "13 weeks ended July 30, 2023": ["3m:2023-07-30"],
    "twenty-six weeks ended July 29, 2023": ["6m:2023-07-29"],
    "year ended December 31, 2018": ["fy:2018-12-31"],
    "Years ended December 31, 2023, 2022 and 2021": ["fy:2023-12-31", "fy:2022-12-31", "fy:2021-12-31"],
    "twelve months ended June 30, 2020": ["fy:2020-06-30"],
    "fiscal 2022": ["fy:2022"],
    "fiscal years 2023 and 2022": ["fy:2023", "fy:2022"],
    "FY2022": ["fy:2022"],
    "FY22": ["fy:2022"],
    "Q3 2024": ["2024q3"],
    "2024Q3": ["2024q3"],
    "3Q24": ["2024q3"],
    "third quarter of 2024": ["2024q3"],
    "third quarter of fiscal 2024 and 2023": ["2024q3", "2023q3"],
    "first half of 2024": ["2024h1"],
    "as of June 30, 2023 and 2022": ["at:2023-06-30", "at:2022-06-30"],
    "2023-07-01": ["at:2023-07-01"],
    "1 July 2023": ["at:2023-07-01"],
    "12/31/2023": ["at:2023-12-31"],
    "February 29, 2024 and 2023": ["at:2024-02-29", "at:2023-02-28"],
    "June 2023": ["2023-06"],
    "2023 and 2022": ["2023", "2022"],
    "2022-2023": ["2022", "2023"],
    "$2023": [],
    "2023 shares": [],
    "ASU 2023-07": [],
    "you may 2 or 3 times": [],
    "2,023 cars and 20234": [],
}


@pytest.mark.parametrize("text", FORMS)
def test_each_way_of_writing_has_one_form(text: str) -> None:
    assert [period.form for _, _, period in find_periods(text)] == FORMS[text]


def test_places_are_offsets_into_the_text() -> None:
    text = "Sales rose in Q3 2024 and fell in fiscal 2023."
    assert [text[start:end] for start, end, _ in find_periods(text)] == ["Q3 2024", "fiscal 2023"]


def test_a_period_of_whole_months_knows_its_first_day() -> None:
    assert months_ended(3, date(2024, 3, 31)).start == date(2024, 1, 1)
    assert months_ended(12, date(2018, 12, 31)).start == date(2018, 1, 1)


def test_the_first_day_of_a_fiscal_period_is_not_guessed() -> None:
    assert months_ended(3, date(2023, 7, 1)).start is None


def test_two_spellings_share_their_lexical_token() -> None:
    assert set(normal_forms("three months ended July 1, 2023")) == set(normal_forms("quarter ended 2023-07-01"))
    assert normal_forms("Q3 2024") == normal_forms("the third quarter of 2024") == ["2024q3"]
    assert "fy2018" in normal_forms("year ended December 31, 2018")


@given(st.dates(date(1950, 1, 1), date(2099, 12, 31)), st.sampled_from([3, 6, 9]))
def test_every_day_is_read_back(day: date, months: int) -> None:
    words = {3: "three", 6: "six", 9: "nine"}
    text = f"{words[months]} months ended {day:%B} {day.day}, {day.year}"
    assert [p.form for _, _, p in find_periods(text)] == [f"{months}m:{day.isoformat()}"]


@given(st.text(max_size=200))
def test_any_text_is_read_without_error(text: str) -> None:
    for start, end, _ in find_periods(text):
        assert 0 <= start < end <= len(text)
