"""What benchmarks share: servers and resources of their own in a temporary folder, and agents run without a queue."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from app.agents.base import Agent, Context
from app.agents.pyramid import AGENT as PYRAMID
from app.agents.pyramid.schemas import PyramidOutput
from app.db import DEFAULT_PROJECT, Json
from app.embedded import open_embedded
from app.knowledge.documents import create_document
from app.knowledge.knowledge import Knowledge
from app.llm.runner import RunRef, build_models
from app.migrate import migrate
from app.resources import Resources, open_resources
from app.settings import Settings

OnEvent = Callable[[Json], None]

WEIGHTS = Path("~/.cache/symposium-benchmarks")
"""Where the embedder keeps the graph it builds from its weights, so that it is built once."""


@asynccontextmanager
async def open_service(*, postgres: Any = None, keep: Any = None, **chosen: Any) -> AsyncIterator[Resources]:
    """Start Postgres and Redis in a temporary folder, migrate, and open resources with the `chosen` settings.

    The offline engine and the local embedder unless chosen otherwise; `postgres` are settings of that server. A folder
    to `keep` is used instead and stays, with what it holds.
    """
    with tempfile.TemporaryDirectory(prefix="symposium-benchmark-") as temporary:
        with open_embedded(keep or Path(temporary), postgres_settings=postgres) as addresses:
            migrate(addresses.database_url)
            given = {"engine": "offline", "embedder": "local", "data_dir": WEIGHTS, **chosen}
            settings = Settings(
                _env_file=None, database_url=addresses.database_url, redis_url=addresses.redis_url, **given
            )
            async with open_resources(settings) as resources:
                yield resources


def open_knowledge(resources: Resources) -> Knowledge:
    """Return the default project's knowledge."""
    return Knowledge(resources.sessions, resources.embedder, DEFAULT_PROJECT)


async def run_agent(
    resources: Resources, agent: Agent[Any, Any], input: BaseModel, *, on_event: OnEvent | None = None
) -> Any:
    """Run an agent's graph in this process, without queue, run row or checkpoints; return its output model."""
    thread = uuid4()
    models = build_models(
        resources.settings,
        offline=agent.offline,
        sessions=resources.sessions,
        run=RunRef(project_id=DEFAULT_PROJECT, run_id=None),
        servers=resources.model_servers,
    )
    context = Context(
        project_id=DEFAULT_PROJECT,
        run_id=thread,
        thread_id=thread,
        knowledge=open_knowledge(resources),
        models=models,
        converter=resources.converter,
        options={"window_segments": resources.settings.window_segments},
    )
    output: Json = {}
    parts = (
        agent.build()
        .compile()
        .astream(
            {"input": input.model_dump(mode="json")},
            {"recursion_limit": agent.recursion_limit(input)},
            context=context,
            stream_mode=["custom", "values"],
            version="v2",
        )
    )
    async for part in parts:
        if part["type"] == "custom" and on_event:
            on_event(part["data"])
        elif part["type"] == "values":
            output = part["data"].get("output", output)
    return agent.output.model_validate(output)


async def ingest(resources: Resources, path: Path) -> PyramidOutput:
    """Store a file in the default collection and read it into a pyramid."""
    document_id = await _store(resources, path)
    chosen = PYRAMID.input(document_id=document_id, version=1)
    read: PyramidOutput = await run_agent(resources, PYRAMID, chosen)
    return read


async def ingest_all(resources: Resources, paths: Iterable[Path]) -> dict[str, PyramidOutput]:
    """Ingest files one after another, saying so on stderr; return what each gave by file name.

    Those that a kept store holds are not read again.
    """
    there = {document.filename for document in await open_knowledge(resources).list_documents([]) if document.version}
    read = {}
    for path in paths:
        if path.name in there:
            continue
        begun = time.perf_counter()
        read[path.name] = await ingest(resources, path)
        seconds = time.perf_counter() - begun
        say(f"{path.name}: {read[path.name].pages} pages, {read[path.name].insights} insights, {seconds:.1f} s")
    return read


async def _store(resources: Resources, path: Path) -> UUID:
    (collection_id,) = await open_knowledge(resources).resolve_collections([])
    async with resources.sessions.begin() as session:
        document = await create_document(
            session, DEFAULT_PROJECT, collection_id, filename=path.name, media_type="", content=path.read_bytes()
        )
        return document.id


def read_lines(path: Path) -> list[Json]:
    """Return the objects of a JSON-lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def over_documents(purpose: str | None) -> argparse.ArgumentParser:
    """Return the command line of a benchmark over a folder of documents, told by the first line of its purpose."""
    parser = argparse.ArgumentParser(description=(purpose or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--documents", type=Path, required=True)
    return parser


def say(text: str) -> None:
    """Write progress to stderr."""
    print(text, file=sys.stderr, flush=True)


def report(rows: Iterable[tuple[str, object]], figures: Json) -> None:
    """Print a short table, then the figures as one line of JSON."""
    for name, value in rows:
        print(f"{name:<28}{value}")
    print(json.dumps(figures))
