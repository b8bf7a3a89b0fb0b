"""Bring a database to the newest schema, the tables of LangGraph's checkpoints included."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg.rows import dict_row
from sqlalchemy import create_engine

MIGRATIONS = Path(__file__).parents[1] / "migrations"
ONE_AT_A_TIME = 7_264_801


def migrate(url: str) -> None:
    """Migrate the database at `url`; a second process doing the same waits, then finds nothing to do."""
    address = url.partition("://")[2]
    with psycopg.connect(f"postgresql://{address}", autocommit=True, row_factory=dict_row) as connection:
        connection.execute("select pg_advisory_lock(%s)", [ONE_AT_A_TIME])
        _migrate_schema(address)
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
