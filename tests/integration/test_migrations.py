"""The schema of the migrations, and that of the models."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine

import app.knowledge.models
import app.llm.models
import app.projects.models
import app.runs.models
import app.webhooks.models  # noqa: F401
from app.db import Base
from app.migrate import MIGRATIONS

OF_LANGGRAPH = "checkpoint"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    engine = create_engine(f"postgresql+psycopg://{database_url.partition('://')[2]}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def is_ours(of_database: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    """Tell whether a table, or the table a part belongs to, is one of the models'."""
    table = of_database if kind == "table" else getattr(of_database, "table", None)
    return table is None or not table.name.startswith(OF_LANGGRAPH)


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "include_object": is_ours}
    found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
    return found


def test_migrations_make_what_the_models_say(connection: Connection) -> None:
    assert differences(connection) == []


def test_every_migration_can_be_taken_back_and_made_again(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.downgrade(config, "base")
    command.upgrade(config, "head")
    assert differences(connection) == []
