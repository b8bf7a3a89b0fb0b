"""`symposium ask`: a question answered from the documents, with file and page."""

import json
import sys
from typing import Annotated

import typer
from rich.markdown import Markdown
from rich.markup import escape
from rich.progress import Progress
from rich.text import Text

from app.commands.terminal import (
    DEFAULT_SERVER,
    AsJson,
    Collections,
    Exit,
    Key,
    Server,
    err,
    guarded,
    out,
    problem_sentence,
    progress_bar,
    show_progress,
)
from symposium import Body, Client, Event, ServiceError

Thread = Annotated[str | None, typer.Option("--thread", help="Id of the thread this question follows up.")]


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(ask))


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: Collections = None,
    report: Annotated[bool, typer.Option(help="A report with sections instead of a short answer.")] = False,
    interactive: Annotated[bool, typer.Option(help="Be asked what you mean, and see the plan first.")] = False,
    thread: Thread = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask a question; the answer names file and page."""
    asked: Body = {"collections": collection or [], "format": "report" if report else "answer"}
    with Client(server, key=key) as client, progress_bar(quiet=as_json) as bar:
        run = client.research(question, thread_id=thread, interactive=interactive, **asked)
        run = answer_until_done(client, run["id"], bar)
    if run["status"] != "succeeded":
        raise ServiceError(problem_sentence(run))
    output = run["output"]
    if as_json:
        typer.echo(json.dumps(output))
    else:
        print_answer(output)
        tell_engine(output)
        err.print(f"[dim]To follow up: --thread {run['thread_id']}[/]", soft_wrap=True)
    if not output["citations"]:
        raise typer.Exit(Exit.NOT_ANSWERED)


def answer_until_done(client: Client, run_id: str, bar: Progress) -> Body:
    """Show a run's progress and answer what it asks until it ends; return the run. Interrupted, it is cancelled."""
    task = bar.add_task("research", total=None)
    try:
        for event in client.follow(run_id):
            if event.type == "run.progressed":
                show_progress(bar, task, "research", event.data)
            elif event.type == "run.waiting":
                bar.stop()
                client.give_input(run_id, answer_question(event), question=event.seq)
                bar.start()
    except KeyboardInterrupt:
        client.cancel_run(run_id)
        err.print("The question was withdrawn.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    bar.remove_task(task)
    return client.get_run(run_id)


def answer_question(event: Event) -> Body:
    """Show what the person is asked on stderr; return what they type as the run takes it."""
    asked = event.data["question"]
    if asked["kind"] == "clarify":
        err.print(Text(asked["question"], style="bold"))
        return {"answer": sys.stdin.readline().strip()}
    err.print("[bold]The plan:[/]")
    for number, step in enumerate(asked["plan"], start=1):
        computed = f" = {step['formula']}" if step["formula"] else ""
        err.print(Text(f"  q{number}. {step['question']}{computed}"))
    err.print("[bold]An empty line keeps it; or type sub-questions of your own, one a line, and then an empty line.[/]")
    steps = read_lines()
    return {"steps": [{"question": step} for step in steps]} if steps else {"approved": True}


def read_lines() -> list[str]:
    """Return the lines typed up to an empty one or the end of the input."""
    lines = []
    for line in iter(sys.stdin.readline, ""):
        if not line.strip():
            break
        lines.append(line.strip())
    return lines


def print_answer(output: Body) -> None:
    out.print(Markdown(output["answer"]))
    for question in output["unanswered"]:
        out.print(f"[yellow]Not answered:[/] {escape(question)}")


def tell_engine(output: Body) -> None:
    """Say on stderr when no model had a part in an answer."""
    if output["engine"] == "offline":
        err.print("[dim]Answered by the offline engine: sentences and figures taken from the documents, no model.[/]")
