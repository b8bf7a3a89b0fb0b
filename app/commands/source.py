"""`symposium source`: who may send documents by signed calls."""

from enum import StrEnum
from typing import Annotated

import typer

from app.commands.terminal import DEFAULT_SERVER, AsJson, CollectionName, Key, Server, guarded, out, show, show_secret
from symposium import Body, Client

source = typer.Typer(help="Let others send documents by signed calls.", no_args_is_help=True)
COLUMNS = {"Source": "id", "Name": "name", "Type": "type", "Posts to": "path", "Last used": "last_used_at"}


class SourceType(StrEnum):
    """How a sender signs."""

    STANDARD = "standard"
    GITHUB = "github"


def register(cli: typer.Typer) -> None:
    """Add the commands."""
    cli.add_typer(source, name="source")


@source.command("create")
@guarded
def create(
    name: Annotated[str, typer.Argument(help="Who it is.")],
    type: Annotated[SourceType, typer.Option(help="Standard Webhooks, or GitHub's push events.")] = SourceType.STANDARD,
    collection: CollectionName = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Let a sender in; its secret is printed, and only this once."""
    body: Body = {"name": name, "type": type}
    if collection:
        body["collection"] = collection
    with Client(server, key=key) as client:
        made = client.request("POST", "/v1/sources", json=body)
        told = f"{made['name']} ({made['id']}) posts to {client.server}{made['path']}."
    show_secret(made, told, as_json)


@source.command("list")
@guarded
def list_all(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List those who may send documents, newest first."""
    with Client(server, key=key) as client:
        found = list(client.list_all("/v1/sources"))
    show(found, COLUMNS, as_json=as_json)


@source.command("delete")
@guarded
def delete(
    source_id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Let a sender in no more; its documents stay."""
    with Client(server, key=key) as client:
        client.request("DELETE", f"/v1/sources/{source_id}")
    out.print("It is let in no more.")
