import time
from email.utils import formatdate

import httpx2
import pytest

from app.errors import ModelFailed
from app.llm.failures import RequestFailed, read_retry_after
from app.llm.retry import Retry


def failure(*, retryable: bool = True, retry_after: float | None = None) -> RequestFailed:
    return RequestFailed(ModelFailed("failed", retry_after=retry_after), retryable=retryable)


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, fails: int, error: RequestFailed) -> None:
        self.fails, self.error, self.sent = fails, error, 0

    async def send(self) -> str:
        self.sent += 1
        if self.sent <= self.fails:
            raise self.error
        return "answer"


async def test_a_retryable_failure_is_tried_again() -> None:
    flaky = Flaky(3, failure())
    assert await Retry(tries=4, base_seconds=0.0001).run(flaky.send) == "answer"
    assert flaky.sent == 4


async def test_it_gives_up_after_its_tries() -> None:
    flaky = Flaky(9, failure())
    with pytest.raises(RequestFailed):
        await Retry(tries=3, base_seconds=0.0001).run(flaky.send)
    assert flaky.sent == 3


async def test_what_can_not_be_helped_is_not_tried_again() -> None:
    flaky = Flaky(1, failure(retryable=False))
    with pytest.raises(RequestFailed):
        await Retry().run(flaky.send)
    assert flaky.sent == 1


def test_retry_after_is_kept_to_even_when_long() -> None:
    pause = Retry(deadline=time.monotonic() + 1000).pause_after(failure(retry_after=300), 1)
    assert pause is not None
    assert 300 <= pause < 301


def test_no_pause_reaches_past_the_deadline() -> None:
    assert Retry(deadline=time.monotonic() + 100).pause_after(failure(retry_after=300), 1) is None


def test_pauses_double_up_to_the_cap_and_differ() -> None:
    retry = Retry(tries=20, base_seconds=1, cap_seconds=8)
    pauses = [retry.pause_after(failure(), tried) or 0 for tried in range(1, 8)]
    assert all(0.5 * min(8, 2**n) <= pause <= min(8, 2**n) for n, pause in enumerate(pauses))
    assert retry.pause_after(failure(), 5) != retry.pause_after(failure(), 5)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({}, None), ({"retry-after": "7"}, 7), ({"retry-after-ms": "1500"}, 1.5), ({"retry-after": "soon"}, None)],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(httpx2.Headers(headers)) == seconds


def test_retry_after_may_be_a_date() -> None:
    seconds = read_retry_after(httpx2.Headers({"retry-after": formatdate(time.time() + 60, usegmt=True)}))
    assert seconds is not None
    assert 55 < seconds <= 60
