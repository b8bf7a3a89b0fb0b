"""When a delivery is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from app.webhooks.delivery import LONGEST_PAUSE, PAUSES, Deliverer, read_retry_after


def deliverer(spread: float = 0.0) -> Deliverer:
    nothing: Any = None
    return Deliverer(sessions=nothing, fetcher=nothing, spread=lambda: spread)


def test_ten_tries_are_spread_over_three_days() -> None:
    assert PAUSES == (0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)


def test_pauses_are_jittered_by_a_tenth_at_most() -> None:
    assert deliverer(0.0).pause_before(2, 0) == 300
    assert deliverer(1.0).pause_before(2, 0) == pytest.approx(330)


def test_a_longer_retry_after_is_honoured_up_to_a_day() -> None:
    assert deliverer().pause_before(1, 60) == 60
    assert deliverer().pause_before(2, 60) == 300
    assert deliverer().pause_before(1, 10**9) == LONGEST_PAUSE


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert read_retry_after("120") == 120
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 55 < read_retry_after(in_a_minute) <= 60
    assert [read_retry_after(each) for each in ("", "soon", "-5", "Mon, 01 Jan 2001 00:00:00 GMT")] == [0, 0, 0, 0]
