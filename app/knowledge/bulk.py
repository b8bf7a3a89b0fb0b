"""Many rows at once: Postgres's COPY in its binary form, on the connection of a session."""

from collections.abc import Iterable
from itertools import chain
from typing import Any, cast

from pgvector import HalfVector
from pgvector.sqlalchemy import HALFVEC
from psycopg import AsyncConnection, sql
from psycopg.types.json import Jsonb
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Base, Json, dump_json

DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


async def copy_rows(session: AsyncSession, into: type[Base] | Table, rows: Iterable[Json]) -> None:
    """Add rows to a table, each a value for every column of the first row; the database fills in the others.

    Raises psycopg's errors, not SQLAlchemy's.
    """
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        return
    table = into if isinstance(into, Table) else cast(Table, into.__table__)
    columns = into.columns if isinstance(into, Table) else into.__mapper__.columns
    chosen = {name: columns[name] for name in first}
    raw = await (await session.connection()).get_raw_connection()
    async with (
        cast("AsyncConnection[Any]", raw.driver_connection).cursor() as cursor,
        cursor.copy(_copy_into(table.name, chosen.values())) as copying,
    ):
        copying.set_types([_type_name(column) for column in chosen.values()])
        for row in chain([first], remaining):
            await copying.write_row([_value(column, row[name]) for name, column in chosen.items()])


def _copy_into(table: str, columns: Iterable[Column[Any]]) -> sql.Composed:
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    return sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(table), names)


def _type_name(column: Column[Any]) -> str:
    """Return the type a value is written as; a vector comes as the bytes of its own binary form."""
    return "bytea" if isinstance(column.type, HALFVEC) else column.type.compile(DIALECT).lower()


def _value(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, HALFVEC):
        return None if value is None else HalfVector(value).to_binary()
    return Jsonb(value, dump_json) if isinstance(column.type, JSONB) else value
