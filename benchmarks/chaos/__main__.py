"""Runs of all agents while what they run on is killed: what is lost, doubled, paid again, untold or left behind.

`python -m benchmarks.chaos` starts two API processes and four workers on a Postgres, a Redis and a model server of its
own, lets 300 runs be asked for, followed, cancelled and asked for twice, and meanwhile kills workers and Redis, wipes
Redis and restarts both servers, in an order the seed decides.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path
from random import SystemRandom

from benchmarks.chaos.storm import Plan, weather
from benchmarks.support import report


def main() -> None:
    """Run the storm and print its figures."""
    parser = argparse.ArgumentParser(prog="benchmarks.chaos", description=main.__doc__)
    parser.add_argument("--runs", type=int, default=Plan.runs)
    parser.add_argument("--workers", type=int, default=Plan.workers)
    parser.add_argument("--guests", type=int, default=Plan.guests, help="clients at a time")
    parser.add_argument("--delay", type=float, default=Plan.delay, help="seconds the model server takes to answer")
    parser.add_argument("--storm-seconds", type=float, default=Plan.storm_seconds, help="after which no guest comes")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6), help="of the accidents' order")
    plan = Plan(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory(prefix="symposium-chaos-") as name:
        figures = asyncio.run(weather(plan, Path(name)))
    report([(name, value) for name, value in figures.items()], figures)


if __name__ == "__main__":
    main()
