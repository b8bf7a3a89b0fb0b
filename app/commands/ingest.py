"""`symposium ingest`: documents read into the pyramid."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from app.commands.terminal import (
    DEFAULT_SERVER,
    AsJson,
    CollectionName,
    Exit,
    Key,
    Server,
    err,
    follow,
    guarded,
    out,
    problem_sentence,
    progress_bar,
)
from symposium import Body, Client, ServiceError

FOLLOWED_AT_ONCE = 8


@dataclass(kw_only=True)
class Outcome:
    """What became of one file."""

    file: str
    status: str
    reason: str = ""
    document_id: str = ""
    pages: int = 0
    insights: int = 0


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(ingest))


def ingest(
    paths: Annotated[list[Path], typer.Argument(exists=True, help="Files, or folders that are taken whole.")],
    collection: CollectionName = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Read documents into the pyramid and wait until they can be asked."""
    files = [file for path in paths for file in files_under(path)]
    if not files:
        err.print("[red]There is no file to ingest.[/]")
        raise typer.Exit(Exit.FAILED)
    with Client(server, key=key) as client, progress_bar(quiet=as_json) as bar:
        with ThreadPoolExecutor(FOLLOWED_AT_ONCE) as pool:
            read = pool.map(lambda file: ingest_file(client, file, collection, bar), files)
            outcomes = [outcome for of_one in read for outcome in of_one]
    if as_json:
        typer.echo(json.dumps([vars(outcome) for outcome in outcomes]))
    else:
        out.print(outcome_table(outcomes))
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(Exit.FAILED if len(outcomes) == 1 else Exit.SOME_FAILED)


def files_under(path: Path) -> Iterator[Path]:
    """Yield the file itself, or every file in a folder whose name and folders are not hidden, in order."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def ingest_file(client: Client, file: Path, collection: str | None, bar: Progress) -> list[Outcome]:
    """Upload one file and follow its run to the end, or those of an archive's files; a refusal is a failed outcome."""
    try:
        sent = client.upload(file, collection)
    except ServiceError as error:
        return [Outcome(file=str(file), status="failed", reason=str(error))]
    if "members" in sent:
        return [follow_reading(client, str(file / member["path"]), member, bar) for member in sent["members"]]
    return [follow_reading(client, str(file), sent, bar)]


def follow_reading(client: Client, file: str, sent: Body, bar: Progress) -> Outcome:
    """Follow the run that reads a document, if there is one, and return what became of it."""
    document = sent["document"]
    if document is None:
        return Outcome(file=file, status="failed", reason=sent["problem"])
    if sent["run"] is None:
        return Outcome(file=file, status="known", document_id=document["id"], pages=document["page_count"])
    run = follow(client, sent["run"]["id"], bar, Path(file).name)
    if run["status"] != "succeeded":
        return Outcome(file=file, status="failed", reason=problem_sentence(run), document_id=document["id"])
    output = run["output"]
    return Outcome(
        file=file, status="ready", document_id=document["id"], pages=output["pages"], insights=output["insights"]
    )


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("File", "Status", "Pages", "Insights", "Reason")
    colour = {"ready": "green", "known": "yellow", "failed": "red"}
    for o in outcomes:
        status = f"[{colour[o.status]}]{o.status}[/]"
        table.add_row(Path(o.file).name, status, str(o.pages or ""), str(o.insights or ""), o.reason)
    return table
