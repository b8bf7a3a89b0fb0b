"""The database that a command works on: the one of the settings, else the embedded one, running or started for it."""

import contextlib
from collections.abc import Iterator

from app.embedded import PostgresServer, lock_folder
from app.errors import CannotStart
from app.migrate import migrate
from app.preflight import check_database, keys_exist
from app.settings import Settings


@contextlib.contextmanager
def open_database(settings: Settings) -> Iterator[str]:
    """Yield a database with our tables; only the embedded one is migrated unasked. Raises CannotStart."""
    if settings.database_url is not None:
        check_database(settings.database_url)
        keys_exist(settings.database_url)
        yield settings.database_url
        return
    with contextlib.ExitStack() as stack:
        postgres = PostgresServer(settings.data_dir)
        try:
            check_database(postgres.url())
        except CannotStart:
            stack.enter_context(lock_folder(settings.data_dir))
            stack.callback(postgres.stop)
            postgres.start()
            migrate(postgres.url())
        yield postgres.url()
