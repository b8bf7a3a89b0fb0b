"""The short form of `make chaos`: runs of all agents while everything they run on is killed, wiped and restarted."""

from pathlib import Path

import pytest

from benchmarks.chaos.storm import Plan, weather
from benchmarks.chaos.weather import WEIGHTS

PLAN = Plan(runs=40, guests=20, delay=0.02, storm_seconds=45, seed=20)
NONE_OF = ("lost", "twins", "doubled", "repeated_calls", "stream_gaps", "webhooks_lost", "orphans")


@pytest.mark.timeout(900)
async def test_nothing_is_lost_doubled_or_paid_again_in_a_storm(tmp_path: Path) -> None:
    figures = await weather(PLAN, tmp_path)
    assert {name: figures[name] for name in NONE_OF} == dict.fromkeys(NONE_OF, 0), figures
    assert figures["runs"] >= PLAN.guests
    assert all(figures[kind] >= 1 for kind in WEIGHTS)
