"""`symposium api`: the HTTP process on uvicorn."""

import uvicorn
from fastapi import FastAPI

from app.errors import CannotStart
from app.log import configure_logging
from app.main import create_app
from app.preflight import check_database, check_exposure, check_port, check_redis, plainly, read_settings
from app.processes import freeze_heap

GRACE_SECONDS = 5


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
        serve(create_app(settings), host=settings.host, port=port)


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Serve an application until SIGTERM or SIGINT."""
    freeze_heap()
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
