"""The database's border: declarative base, column types, engine and session builders."""

import json
import math
import re
import select
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, cast
from uuid import UUID

from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import DateTime, Engine, ForeignKey, MetaData, Uuid, event, func, inspect, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, mapped_column
from uuid_utils.compat import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

DEFAULT_PROJECT = UUID("00000000-0000-7000-8000-000000000001")
"""The project that exists from the first migration on."""

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""What JSON may hold and Postgres may not: NUL, and halves of a surrogate pair."""

TRUSTED_SECONDS = 1.0
"""A connection that was used so lately is taken to be alive."""

SUSPECTS = re.compile(r"\\u0000|\\ud[89a-f]|NaN|Infinity")
TRACES = ("\\u", "NaN", "Infinity")
"""One of these is in whatever SUSPECTS finds; to look for them first is a hundred times as quick."""

Json = dict[str, Any]
Sessions = async_sessionmaker[AsyncSession]

PrimaryKey = Annotated[UUID, mapped_column(Uuid, primary_key=True, default=uuid7)]
ProjectId = Annotated[UUID, mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))]
Timestamp = Annotated[datetime, mapped_column(DateTime(timezone=True))]
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]


class Base(DeclarativeBase):
    """Base of every table; JSON columns are jsonb, times carry their zone."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSONB, list[Any]: JSONB, datetime: DateTime(timezone=True)}  # noqa: RUF012


Row = TypeVar("Row", bound=Base)


def new_row(table: type[Row], **values: Any) -> Row:
    """Return a row for `insert_all`, made without the ORM's notes on every value, which cost more than the insert."""
    made = cast(Row, inspect(table).class_manager.new_instance())
    vars(made).update(values)
    return made


async def insert_all(session: AsyncSession, rows: Sequence[Base]) -> None:
    """Insert rows of one table, all set alike and in no session, by one statement with one parameter.

    So hundreds cost little more than one. What is not set on a row is set to its default. Bytes are not for it: the
    rows travel as JSON.
    """
    if not rows:
        return
    values, table = _fill_in(rows), rows[0].__tablename__
    columns = ", ".join(f'"{name}"' for name in values[0])
    source = f"jsonb_populate_recordset(cast(null as {table}), cast(:rows as jsonb))"
    statement = text(f"insert into {table} ({columns}) select {columns} from {source}")
    await session.execute(statement, {"rows": _dump_rows(values)})


def _fill_in(rows: Sequence[Base]) -> list[Json]:
    """Set the defaults of what is not set on rows, and return all that is by column."""
    columns = {attribute.key: attribute.columns[0] for attribute in inspect(type(rows[0])).column_attrs}
    defaults: dict[str, Any] = {
        key: column.default for key, column in columns.items() if key not in vars(rows[0]) and column.default
    }
    for row in rows:
        for key, default in defaults.items():
            vars(row)[key] = default.arg if default.is_scalar else default.arg(None)
    given = {key: columns[key].name for key in vars(rows[0]) if key in columns}
    return [{name: each[key] for key, name in given.items()} for each in map(vars, rows)]


def _dump_rows(values: Sequence[Json]) -> str:
    """Return rows as JSON: pydantic's writer takes a fifth of the time, but does not mend what can't be stored."""
    try:
        dumped = to_json(values).decode()
    except PydanticSerializationError:
        return dump_json(values, default=str)
    return dump_json(values, default=str) if any(trace in dumped for trace in TRACES) else dumped


def now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


def dump_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """Return JSON that a jsonb column takes."""
    dumped = json.dumps(value, default=default)
    if any(trace in dumped for trace in TRACES) and SUSPECTS.search(dumped):
        return json.dumps(storable(value), default=default)
    return dumped


def storable(value: Any) -> Any:
    """Return a JSON value without what Postgres can't hold: NUL goes, half a surrogate becomes U+FFFD, NaN null."""
    if isinstance(value, str):
        return UNSTORABLE.sub(lambda found: "" if found[0] == "\0" else "\ufffd", value)
    if isinstance(value, dict):
        return {storable(key): storable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def build_engine(url: str, *, pool_size: int = 8, pooler: bool = False) -> AsyncEngine:
    """Return an engine on psycopg for a `postgresql://` URL of any driver spelling.

    It opens up to twice `pool_size` connections as they are needed, and keeps them: opening one costs more than most
    transactions. One that died since is found out before it is used. Behind a pooler in transaction mode nothing is
    prepared: the next statement may reach another server process.
    """
    _, _, rest = url.partition("://")
    engine = create_async_engine(
        f"postgresql+psycopg://{rest}",
        pool_size=2 * pool_size,
        max_overflow=0,
        connect_args={"prepare_threshold": None} if pooler else {},
        json_serializer=dump_json,
    )
    _ping_idle(engine.sync_engine)
    return engine


def _ping_idle(engine: Engine) -> None:
    """Ask a connection of doubtful life whether it lives before it is used; if not, none of the pool's does.

    Doubtful is one that lay idle, and one whose server has sent something unasked: its end, most likely.
    """

    def note_use(connection: Any, record: Any) -> None:
        record.info["used_at"] = time.monotonic()

    def ping(connection: Any, record: Any, _: Any) -> None:
        used_lately = time.monotonic() - record.info.get("used_at", time.monotonic()) < TRUSTED_SECONDS
        if used_lately and not _has_unread(connection.driver_connection.fileno()):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as gone:
            raise InvalidatePoolError(str(gone)) from gone

    event.listen(engine, "checkin", note_use)
    event.listen(engine, "checkout", ping)


def _has_unread(socket: int) -> bool:
    waiting = select.poll()
    waiting.register(socket, select.POLLIN)
    return bool(waiting.poll(0))


def build_sessions(engine: AsyncEngine) -> Sessions:
    """Return the session factory; objects stay readable after commit."""
    return async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def open_single(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Open a session each of whose statements commits by itself: one round trip for what a transaction takes three."""
    async with sessions() as session:
        await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session
