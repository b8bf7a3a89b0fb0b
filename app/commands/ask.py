"""`symposium ask`: a question answered from the documents, with file and page."""

import json
from typing import Annotated

import typer
from rich.markdown import Markdown

from app.commands.terminal import (
    DEFAULT_SERVER,
    AsJson,
    Collections,
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


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(ask))


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: Collections = None,
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


def print_answer(output: Body) -> None:
    out.print(Markdown(output["answer"]))
    for question in output["unanswered"]:
        out.print(f"[yellow]Not answered:[/] {question}")
    if output["engine"] == "offline":
        err.print("[dim]Answered by the offline engine: sentences and figures taken from the documents, no model.[/]")
