"""`symposium debate`: a debate held before one's eyes, with a side of one's own if one wants it."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from app.commands.debate_view import DebateView
from app.commands.terminal import (
    DEFAULT_SERVER,
    AsJson,
    CollectionName,
    Exit,
    Key,
    Server,
    err,
    guarded,
    out,
    problem_sentence,
)
from symposium import Body, Client, Event, ServiceError

MEDIA_TYPES = {".md": "text/markdown", ".html": "text/html", ".json": "application/json"}
END_OF_SPEECH = "."


class Side(StrEnum):
    """A side of the debate."""

    PRO = "pro"
    CON = "con"


def register(cli: typer.Typer) -> None:
    """Add the command."""
    cli.command()(guarded(debate))


def debate(  # noqa: PLR0913, PLR0917
    topic: Annotated[str | None, typer.Argument(help="What is debated; without it a topic is proposed.")] = None,
    collection: CollectionName = None,
    theme: Annotated[str, typer.Option(help="What a proposed topic should be about.")] = "",
    human: Annotated[Side | None, typer.Option(help="The side you speak for.")] = None,
    answer_seconds: Annotated[int | None, typer.Option(help="After so long you forfeit the turn.")] = None,
    first: Annotated[Side, typer.Option(help="Who opens.")] = Side.PRO,
    extra_rounds: Annotated[int, typer.Option(min=0, max=5)] = 0,
    cross_examination: Annotated[bool, typer.Option("--cross-examination", help="A question to each side.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Search the web as well, where the model server can.")] = False,
    word_cap: Annotated[int, typer.Option(help="Words a speech may have.")] = 300,
    judges: Annotated[int, typer.Option(min=1, max=9)] = 3,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    save: Annotated[Path | None, typer.Option(help="Write the transcript to this .md, .html or .json file.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Hold a debate on the documents, every claim checked, a panel judging at the end."""
    media_type = find_media_type(save)
    asked: Body = {"topic": topic, "theme": theme, "first": first, "human": human, "answer_seconds": answer_seconds}
    asked |= {"extra_rounds": extra_rounds, "cross_examination": cross_examination, "word_cap": word_cap}
    asked |= {"judges": judges, "seed": seed, "web": web} | ({"collection": collection} if collection else {})
    view = DebateView(err if as_json else out, quiet=as_json and human is None)
    with Client(server, key=key) as client:
        run = hold(client, asked, view)
        for note in run["output"]["notes"]:
            view.tell(note)
        if save is not None:
            save.write_text(client.get_text(f"/v1/debates/{run['id']}", media_type), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(run["output"]))


def find_media_type(save: Path | None) -> str:
    """Return the media type a transcript file's name asks for. Raises ServiceError for any other name."""
    if save is None:
        return MEDIA_TYPES[".json"]
    if save.suffix not in MEDIA_TYPES:
        raise ServiceError(f"A transcript is written as {', '.join(MEDIA_TYPES)}; {save.name} is none of them.")
    return MEDIA_TYPES[save.suffix]


def hold(client: Client, asked: Body, view: DebateView) -> Body:
    """Start a debate, show it and answer for the person until it ends; return the run. Raises ServiceError."""
    run = client.request("POST", "/v1/debates", json=asked)
    try:
        with view:
            for event in client.follow(run["id"]):
                view.show(event)
                if event.type == "run.waiting":
                    take_floor(client, run["id"], event, view)
    except KeyboardInterrupt:
        client.cancel_run(run["id"])
        err.print("The debate was stopped.")
        raise typer.Exit(Exit.INTERRUPTED) from None
    run = client.get_run(run["id"])
    if run["status"] != "succeeded":
        raise ServiceError(problem_sentence(run))
    return run


def take_floor(client: Client, run_id: str, asked: Event, view: DebateView) -> None:
    """Let the person type a speech and hand it in; an empty one gives the turn up, one too late is told as such."""
    view.ask(asked.data["question"])
    text = read_speech(sys.stdin)
    try:
        client.give_input(run_id, {"text": text} if text else {"forfeit": True}, question=asked.seq)
    except ServiceError as error:
        if error.problem.get("code") != "conflict":
            raise
        view.tell("That came too late: the turn was over.")


def read_speech(lines: TextIO) -> str:
    """Return what is typed up to a line that holds only a dot, or up to the end of the input."""
    spoken = []
    for line in iter(lines.readline, ""):
        if line.strip() == END_OF_SPEECH:
            break
        spoken.append(line)
    return "".join(spoken).strip()
