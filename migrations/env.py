"""Alembic's entry: runs on the connection handed to it, or on `database_url` of the settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

import app.knowledge.models
import app.llm.models
import app.projects.models
import app.runs.models
import app.webhooks.models  # noqa: F401
from app.db import Base
from app.settings import Settings


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=Base.metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        migrate(given)
        return
    url = context.config.get_main_option("sqlalchemy.url") or Settings().database_url
    if not url:
        raise SystemExit("Set DATABASE_URL to the database to migrate.")
    engine = create_engine(f"postgresql+psycopg://{url.partition('://')[2]}")
    with engine.connect() as connection:
        migrate(connection)
        connection.commit()


main()
