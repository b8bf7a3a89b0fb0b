"""A worker process with the agents of the tests, besides the real ones."""

import asyncio

import tests.support.agents
from app.agents.registry import discover
from app.log import configure_logging
from app.settings import Settings
from app.worker import run_worker


def main() -> None:
    settings = Settings(_env_file=None)
    configure_logging("json", settings.log_level)
    asyncio.run(run_worker(settings, discover(tests.support.agents)))


if __name__ == "__main__":
    main()
