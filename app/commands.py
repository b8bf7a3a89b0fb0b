"""The client commands of `symposium`: everything a person does with a running service."""

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from app.client import Body, Client, ServiceError

P = ParamSpec("P")
out = Console()
err = Console(stderr=True)
FOLLOWED_AT_ONCE = 8


class Exit(IntEnum):
    """Exit codes: 2 is the shell's own for wrong usage."""

    OK = 0
    FAILED = 1
    SOME_FAILED = 3
    NOT_ANSWERED = 4


Server = Annotated[str, typer.Option(envvar="SYMPOSIUM_SERVER", help="Where the service is.")]
Key = Annotated[str | None, typer.Option(envvar="SYMPOSIUM_API_KEY", help="API key, if the service wants one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
Collections = Annotated[list[str] | None, typer.Option("--collection", "-c", help="May be given several times.")]
CollectionName = Annotated[str | None, typer.Option("--collection", "-c", help="Name or id of a collection.")]
DEFAULT_SERVER = "http://127.0.0.1:8000"


@dataclass(kw_only=True)
class Outcome:
    """What became of one file."""

    file: str
    status: str
    reason: str = ""
    document_id: str = ""
    pages: int = 0
    insights: int = 0


def register(app: typer.Typer) -> None:
    """Add the client commands to the command line."""
    for command in (ingest, ask, search):
        app.command()(guarded(command))


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a ServiceError into one sentence on stderr and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ServiceError as error:
            err.print(f"[red]{error}[/]")
            raise typer.Exit(Exit.FAILED) from None

    return run


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
            outcomes = list(pool.map(lambda file: ingest_file(client, file, collection, bar), files))
    if as_json:
        typer.echo(json.dumps([vars(outcome) for outcome in outcomes]))
    else:
        out.print(outcome_table(outcomes))
    if any(outcome.status == "failed" for outcome in outcomes):
        raise typer.Exit(Exit.FAILED if len(outcomes) == 1 else Exit.SOME_FAILED)


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: Annotated[
        list[str] | None, typer.Option("--collection", "-c", help="May be given several times.")
    ] = None,
    report: Annotated[bool, typer.Option(help="A report with sections instead of a short answer.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question; the answer names file and page."""
    with Client(server, key=key) as client, progress_bar(quiet=as_json) as bar:
        run = client.research(question, collections=collection or [], format="report" if report else "answer")
        run = follow(client, run["id"], bar, "research")
    if run["status"] != "succeeded":
        raise ServiceError(problem_sentence(run))
    output = run["output"]
    if as_json:
        typer.echo(json.dumps(output))
    else:
        print_answer(output)
    if not output["citations"]:
        raise typer.Exit(Exit.NOT_ANSWERED)


def search(
    query: Annotated[str, typer.Argument(help="Words, a sentence, or a figure.")],
    collection: CollectionName = None,
    level: Annotated[list[str] | None, typer.Option(help="page, insight, concept, abstract or recollection.")] = None,
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
        table.add_row(result["level"], shortened(result["text"]), where(result))
    out.print(table if results else "Nothing found.")


def files_under(path: Path) -> Iterator[Path]:
    """Yield the file itself, or every file in a folder whose name and folders are not hidden, in order."""
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts):
            yield file


def ingest_file(client: Client, file: Path, collection: str | None, bar: Progress) -> Outcome:
    """Upload one file and follow its run to the end; a refusal becomes a failed outcome."""
    try:
        sent = client.upload(file, collection)
    except ServiceError as error:
        return Outcome(file=str(file), status="failed", reason=str(error))
    document = sent["document"]
    if sent["run"] is None:
        return Outcome(file=str(file), status="known", document_id=document["id"], pages=document["page_count"])
    run = follow(client, sent["run"]["id"], bar, file.name)
    if run["status"] != "succeeded":
        return Outcome(file=str(file), status="failed", reason=problem_sentence(run), document_id=document["id"])
    output = run["output"]
    return Outcome(
        file=str(file), status="ready", document_id=document["id"], pages=output["pages"], insights=output["insights"]
    )


def follow(client: Client, run_id: str, bar: Progress, label: str) -> Body:
    """Show a run's progress until it ends and return it."""
    task = bar.add_task(label, total=None)
    for event in client.follow(run_id):
        if event.type == "run.progressed":
            show_progress(bar, task, label, event.data)
    bar.remove_task(task)
    return client.get_run(run_id)


def show_progress(bar: Progress, task: TaskID, label: str, data: Body) -> None:
    bar.update(task, description=f"{label} · {data['stage']}", completed=data["done"], total=data["total"])


def progress_bar(*, quiet: bool) -> Progress:
    """Return a live progress display on stderr that leaves nothing behind."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=quiet or not err.is_terminal,
    )


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table("File", "Status", "Pages", "Insights", "Reason")
    colour = {"ready": "green", "known": "yellow", "failed": "red"}
    for o in outcomes:
        status = f"[{colour[o.status]}]{o.status}[/]"
        table.add_row(Path(o.file).name, status, str(o.pages or ""), str(o.insights or ""), o.reason)
    return table


def print_answer(output: Body) -> None:
    out.print(Markdown(output["answer"]))
    for question in output["unanswered"]:
        out.print(f"[yellow]Not answered:[/] {question}")
    if output["engine"] == "offline":
        err.print("[dim]Answered by the offline engine: sentences and figures taken from the documents, no model.[/]")


def problem_sentence(run: Body) -> str:
    error = run.get("error") or {}
    return str(error.get("detail") or f"The run ended as {run['status']}.")


def where(result: Body) -> str:
    pages = ", ".join(str(page) for page in result["pages"])
    return f"{result['filename']}, pg. {pages}" if pages else str(result["filename"])


def shortened(text: str, length: int = 300) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"
