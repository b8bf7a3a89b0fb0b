"""`symposium key`: make, list and revoke API keys, in the database itself."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import open_database
from app.db import build_engine, build_sessions
from app.preflight import plainly, read_settings
from app.projects.keys import SCOPES, create_key, ensure_project, get_key_by_prefix, get_project, list_keys, revoke_key
from app.projects.models import ApiKey

T = TypeVar("T")
cli = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Make, list and revoke API keys."
)
out = Console()
err = Console(stderr=True)


class ScopeName(StrEnum):
    """A scope, as the command line reads it."""

    read = "read"
    write = "write"
    admin = "admin"


@cli.command()
def create(
    project: Annotated[str, typer.Option(help="The project the key opens; made when there is none of this name.")],
    scope: Annotated[list[ScopeName], typer.Option(help="`write` reads too, `admin` does all.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "command line",
    requests_per_minute: Annotated[int | None, typer.Option(min=1, help="Its own limit.")] = None,
) -> None:
    """Make a key and print it: alone on stdout, and only this once."""

    async def make(session: AsyncSession) -> str:
        found = await ensure_project(session, project)
        scopes = [each for each in SCOPES if each in scope]
        _, text = await create_key(session, found.id, name=name, scopes=scopes, requests_per_minute=requests_per_minute)
        return text

    text = in_database(make)
    err.print(f"A key for the project “{project}” ({', '.join(scope)}). It is not kept and not shown again:")
    typer.echo(text)


@cli.command("list")
def list_all(project: Annotated[str | None, typer.Option(help="Only of this project.")] = None) -> None:
    """List keys; their secrets are not known."""

    async def find(session: AsyncSession) -> list[tuple[ApiKey, str]]:
        return list(await list_keys(session, (await get_project(session, project)).id if project else None))

    table = Table("Key", "Project", "Name", "Scopes", "Made", "Last used", "Revoked")
    for key, owner in in_database(find):
        times = [shown(at) for at in (key.created_at, key.last_used_at, key.revoked_at)]
        table.add_row(f"sym_{key.prefix}_…", owner, key.name, ", ".join(key.scopes), *times)
    out.print(table)


@cli.command()
def revoke(key: Annotated[str, typer.Argument(help="The key, or its beginning as `list` shows it.")]) -> None:
    """Let a key in no more, from now on."""

    async def end(session: AsyncSession) -> str:
        found = await get_key_by_prefix(session, key)
        await revoke_key(session, found)
        return found.prefix

    out.print(f"sym_{in_database(end)}_… lets nobody in any more.")


def in_database(act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do something in one transaction on the database of the settings; what fails is said in one sentence."""
    with plainly(), open_database(read_settings()) as url:
        return asyncio.run(_transact(url, act))
    raise AssertionError


async def _transact(url: str, act: Callable[[AsyncSession], Awaitable[T]]) -> T:
    engine = build_engine(url, pool_size=1)
    try:
        async with build_sessions(engine).begin() as session:
            return await act(session)
    finally:
        await engine.dispose()


def shown(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}" if at else ""


if __name__ == "__main__":
    cli(prog_name="symposium key")
