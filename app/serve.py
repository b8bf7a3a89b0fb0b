"""`symposium api`: the HTTP process on uvicorn."""

import socket
import sys
from contextlib import suppress
from math import ceil

import uvicorn
from fastapi import FastAPI

from app.api.stopping import begin_stop
from app.errors import CannotStart
from app.log import configure_logging
from app.main import create_app
from app.preflight import check_database, check_exposure, check_port, check_redis, plainly, read_settings
from app.processes import freeze_heap
from app.settings import Settings

ANSWER_SECONDS = 5
"""For sending what is answered in the end, to a client that is slow to take it."""


class Server(uvicorn.Server):
    """Uvicorn, which tells the application that it stops before it waits for what is open."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop as uvicorn does."""
        begin_stop(self._app)
        await super().shutdown(sockets)


def main() -> None:
    """Serve with the settings of the environment until SIGTERM or SIGINT."""
    with plainly():
        settings = read_settings()
        configure_logging(settings.log_format, settings.log_level)
        if settings.database_url is None or settings.redis_url is None:
            raise CannotStart("Set DATABASE_URL and REDIS_URL, or start everything at once with `symposium up`.")
        check_database(settings.database_url)
        check_redis(settings.redis_url)
        check_exposure(settings.host, settings.database_url)
        port = check_port(settings.host, settings.port)
        serve(create_app(settings), settings, host=settings.host, port=port)


def serve(app: FastAPI, settings: Settings, *, host: str, port: int) -> None:
    """Serve an application until SIGTERM or SIGINT."""
    freeze_heap()
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=ceil(settings.stop_seconds) + ANSWER_SECONDS,
    )
    server = Server(config, app)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()
