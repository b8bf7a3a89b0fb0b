"""Bring a database to the newest schema, the tables of LangGraph's checkpoints included."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg.rows import dict_row
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from app.errors import CannotStart
from app.preflight import check_database, first_line, plainly, read_settings

MIGRATIONS = Path(__file__).parents[1] / "migrations"
ONE_AT_A_TIME = 7_264_801


def migrate(url: str) -> None:
    """Migrate the database at `url`; a second process doing the same waits, then finds nothing to do.

    Raises CannotStart when the server refuses, for want of pgvector or rights.
    """
    address = url.partition("://")[2]
    with psycopg.connect(f"postgresql://{address}", autocommit=True, row_factory=dict_row) as connection:
        connection.execute("select pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        try:
            _migrate_schema(address)
        except DBAPIError as error:
            raise CannotStart(f"The database can't be migrated: {first_line(error)}") from error
        PostgresSaver(connection).setup()


def _migrate_schema(address: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = create_engine(f"postgresql+psycopg://{address}")
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    finally:
        engine.dispose()


def main() -> None:
    """Migrate the database of the settings."""
    with plainly():
        url = read_settings().database_url
        if url is None:
            raise CannotStart("Set DATABASE_URL to the database to migrate; `symposium up` migrates its own by itself.")
        check_database(url)
        migrate(url)


if __name__ == "__main__":
    main()
