"""What every client command shares: options, exit codes, progress, how a refusal is told."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from typing import Annotated, ParamSpec

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from symposium import Body, Client, ServiceError

P = ParamSpec("P")
out = Console()
err = Console(stderr=True)


class Exit(IntEnum):
    """Exit codes: 2 is the shell's own for wrong usage."""

    OK = 0
    FAILED = 1
    SOME_FAILED = 3
    NOT_ANSWERED = 4
    INTERRUPTED = 130


Server = Annotated[str, typer.Option(envvar="SYMPOSIUM_SERVER", help="Where the service is.")]
Key = Annotated[str | None, typer.Option(envvar="SYMPOSIUM_API_KEY", help="API key, if the service wants one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
Collections = Annotated[list[str] | None, typer.Option("--collection", "-c", help="May be given several times.")]
CollectionName = Annotated[str | None, typer.Option("--collection", "-c", help="Name or id of a collection.")]
ID_WIDTH = 36
"""Of the first column: an id is shown whole, so that it can be copied."""
DEFAULT_SERVER = "http://127.0.0.1:8000"


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a ServiceError into one sentence on stderr and exit code 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except ServiceError as error:
            err.print(f"[red]{escape(str(error))}[/]")
            raise typer.Exit(Exit.FAILED) from None

    return run


def show(rows: Sequence[Body], columns: Mapping[str, str], *, as_json: bool) -> None:
    """Print rows as a table, by heading and the field under it, or as one JSON list."""
    if as_json:
        typer.echo(json.dumps(rows))
        return
    first, *others = columns
    table = Table(Column(first, min_width=ID_WIDTH), *(Column(name, overflow="fold") for name in others), box=None)
    for row in rows:
        table.add_row(*(escape(_cell(row[name])) for name in columns.values()))
    out.print(table if rows else "None.")


def show_secret(made: Body, told: str, as_json: bool) -> None:
    """Print the secret of what was made, alone on stdout and what it is of on stderr, or all of it as JSON."""
    if as_json:
        typer.echo(json.dumps(made))
        return
    err.print(f"{told} Its secret is not shown again:", soft_wrap=True)
    typer.echo(made["secret"])


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


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


def problem_sentence(run: Body) -> str:
    error = run.get("error") or {}
    return str(error.get("detail") or f"The run ended as {run['status']}.")
