"""`symposium ingest`: documents read into the pyramid."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.markup import escape
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
from symposium._wire import file_part, given

SENT_AT_ONCE = 4
POLL_SECONDS = 0.5


@dataclass(kw_only=True)
class Outcome:
    """What became of one file."""

    file: str
    status: str
    reason: str = ""
    document_id: str = ""
    pages: int = 0
    insights: int = 0


def read_id(text: str) -> UUID:
    """Return an id. Raises BadParameter for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"“{text}” is no id.") from None


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(ingest))


def ingest(
    paths: Annotated[
        list[Path] | None, typer.Argument(exists=True, help="Files, or folders that are taken whole.")
    ] = None,
    retry: Annotated[
        UUID | None,
        typer.Option(parser=read_id, metavar="ID", help="Id of a batch whose failed documents are to be read again."),
    ] = None,
    collection: CollectionName = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the collection where there is none of its name.")
    ] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Read documents into the pyramid and wait until they can be asked."""
    files = [file for path in paths or [] for file in files_under(path)]
    if not files and retry is None:
        err.print("[red]There is no file to ingest.[/]")
        raise typer.Exit(Exit.FAILED)
    with Client(server, key=key) as client, progress_bar(quiet=as_json) as bar:
        if create and collection:
            ensure_collection(client, collection)
        if len(files) == 1 and retry is None:
            batch_id, outcomes = "", ingest_file(client, files[0], collection, bar)
        else:
            batch_id, outcomes = ingest_batch(client, files, collection, str(retry) if retry else None, bar)
    if as_json:
        typer.echo(json.dumps([vars(outcome) for outcome in outcomes]))
    else:
        out.print(outcome_table(outcomes))
    if any(outcome.status == "failed" for outcome in outcomes):
        if batch_id and not as_json:
            out.print(f"To try the failed ones again: symposium ingest --retry {batch_id}")
        raise typer.Exit(Exit.FAILED if len(outcomes) == 1 else Exit.SOME_FAILED)


def ensure_collection(client: Client, name: str) -> None:
    """Make a collection unless there is one of that name."""
    try:
        client.create_collection(name)
    except ServiceError as error:
        if error.problem.get("status") != HTTPStatus.CONFLICT:
            raise


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


def ingest_batch(
    client: Client, files: Sequence[Path], collection: str | None, retry: str | None, bar: Progress
) -> tuple[str, list[Outcome]]:
    """Hand files in as one batch, or a batch's failed documents again; wait for it and return its id and outcomes."""
    if retry is not None:
        client.request("POST", f"/v1/batches/{retry}/retry")
    batch_id = retry or client.request("POST", "/v1/batches", json=given(collection=collection))["id"]
    task = bar.add_task("sending files", total=len(files))

    def send(file: Path) -> Outcome | None:
        try:
            client.request("POST", f"/v1/batches/{batch_id}/documents", files=file_part(file))
        except ServiceError as error:
            return Outcome(file=str(file), status="failed", reason=str(error))
        finally:
            bar.advance(task)
        return None

    with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
        refused = [outcome for outcome in pool.map(send, files) if outcome is not None]
    bar.remove_task(task)
    wait_for_batch(client, batch_id, bar)
    read = [read_item(item) for item in client.list_all(f"/v1/batches/{batch_id}/documents")]
    return batch_id, [*read, *refused]


def wait_for_batch(client: Client, batch_id: str, bar: Progress) -> None:
    """Show a batch's progress until every document is read or has failed."""
    task = bar.add_task("reading", total=None)
    while True:
        batch = client.request("GET", f"/v1/batches/{batch_id}")
        progress = batch["progress"]
        label = f"reading · {progress['failed']} failed" if progress["failed"] else "reading"
        bar.update(task, description=label, completed=progress["done"], total=progress["total"])
        if batch["status"] == "done":
            return
        time.sleep(POLL_SECONDS)


def read_item(item: Body) -> Outcome:
    """Return what became of one file of a batch."""
    document = item["document"]
    if document is None:
        return Outcome(file=item["filename"], status="failed", reason=item["problem"])
    reason = (document["error"] or {}).get("detail", "") if document["status"] == "failed" else ""
    return Outcome(
        file=item["filename"],
        status=document["status"],
        reason=reason,
        document_id=document["id"],
        pages=document["page_count"],
        insights=document["quality"].get("insights", 0),
    )


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
        table.add_row(escape(Path(o.file).name), status, str(o.pages or ""), str(o.insights or ""), escape(o.reason))
    return table
