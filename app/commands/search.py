"""`symposium search`: every level of the pyramid, searched."""

import json
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from app.commands.terminal import DEFAULT_SERVER, AsJson, CollectionName, Key, Server, guarded, out
from symposium import Body, Client


class LevelName(StrEnum):
    """A level of the pyramid, as the command line reads it."""

    page = "page"
    insight = "insight"
    concept = "concept"
    abstract = "abstract"
    recollection = "recollection"


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(search))


def search(
    query: Annotated[str, typer.Argument(help="Words, a sentence, or a figure.")],
    collection: CollectionName = None,
    level: Annotated[list[LevelName] | None, typer.Option(help="Only these; may be given several times.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 10,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Search every level of the pyramid."""
    body: Body = {"limit": limit, "levels": level or []}
    if collection:
        body["collection"] = collection
    with Client(server, key=key) as client:
        results = client.search(query, **body)
    if as_json:
        typer.echo(json.dumps(results))
        return
    table = Table("Level", "Text", "Where", show_lines=True)
    for result in results:
        table.add_row(result["level"], escape(shortened(result["text"])), escape(where(result)))
    out.print(table if results else "Nothing found.")


def where(result: Body) -> str:
    pages = ", ".join(str(page) for page in result["pages"])
    return f"{result['filename']}, pg. {pages}" if pages else str(result["filename"])


def shortened(text: str, length: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"
