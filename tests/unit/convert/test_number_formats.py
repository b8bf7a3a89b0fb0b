from datetime import date, datetime, time, timedelta

import pytest

from app.convert.number_formats import Moment, show_moment, show_number

ACCOUNTING = '_-* #,###_-;\\(#,###\\);_-* "–"_-;_-@_-'


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (-4365, ACCOUNTING, "(4,365)"),
        (0, ACCOUNTING, "–"),
        (0.555, "0%", "56%"),
        (-0.038, "0.0%", "-3.8%"),
        (1234567.8, "[$€-2] #,##0.00", "€ 1,234,567.80"),
        (1234567, '$#,##0,"K"', "$1,235K"),
        (0.5, "#,##0.##", "0.5"),
        (12, "000", "012"),
        (0.1 + 0.2, "General", "0.3"),
        (7.0, "General", "7"),
        (5, '[>=10]"big";"small" 0', "small 5"),
        (12345, "0.00E+00", "1.23E+04"),
        (-3.2, "#,##0.0;[Red]-#,##0.0", "-3.2"),
        (0.25, "# ?/?", "0.25"),
        (0, '_($* #,##0.00_);_($* (#,##0.00);_($* "-"??_)', "$ -"),
        (0, "# ##0", "0"),
        (0.25, "#.00", ".25"),
    ],
)
def test_numbers_are_shown_as_their_format_says(value: float, pattern: str, shown: str) -> None:
    assert show_number(value, pattern) == shown


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        (datetime(2025, 9, 3, 14, 5), "d mmm yyyy", "3 Sep 2025"),
        (datetime(2025, 9, 3, 14, 5), "yyyy\\-mm\\-dd hh:mm", "2025-09-03 14:05"),
        (datetime(2025, 9, 3, 14, 5), "h:mm AM/PM", "2:05 PM"),
        (time(14, 5, 9), "mm:ss", "05:09"),
        (date(2025, 9, 3), "[$-409]mmmm\\-yy;@", "September-25"),
        (datetime(2025, 9, 3), "General", "2025-09-03"),
        (timedelta(hours=30), "[h]:mm", "30:00"),
        (timedelta(minutes=95, seconds=7), "[mm]:ss", "95:07"),
        (timedelta(hours=-2), "General", "-2:00:00"),
    ],
)
def test_dates_are_shown_as_their_format_says(value: Moment, pattern: str, shown: str) -> None:
    assert show_moment(value, pattern) == shown
