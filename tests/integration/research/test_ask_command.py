"""`symposium ask` as a person uses it: a process of its own, the service over HTTP, answers typed into a pipe."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.db import Json
from app.settings import Settings
from symposium import Client
from tests.support.processes import ROOT, running_api, running_worker

MINUTES = {
    "tarn.md": "# Tarn Foods\n\nRevenue of Tarn Foods was $4.5 million in 2024. It was $3.9 million in 2023.",
    "moor.md": "# Moor Mills\n\nRevenue of Moor Mills was $7.2 million in 2024.",
}


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command wrote and how it ended."""

    code: int
    out: str
    err: str

    @property
    def output(self) -> Json:
        """The answer as the service gives it."""
        read: Json = json.loads(self.out)
        return read


@pytest.fixture(scope="module")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("ask")
    with running_api(settings, folder) as address, running_worker(settings, folder), Client(address) as client:
        for filename, text in MINUTES.items():
            client.wait(client.add_text(text, filename)["run"]["id"])
        yield address


async def ask(server: str, *options: str, typed: str = "") -> Said:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "ask", "--server", server, *options),
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate(typed.encode())
    return Said(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def test_answer_names_file_and_page_and_how_to_follow_up(server: str) -> None:
    said = await ask(server, "What was the revenue of Tarn Foods in 2024?")
    assert said.code == 0, said.err
    assert "$4.5 million" in said.out
    assert "tarn.md, pg. 1" in said.out
    thread = said.err.split("--thread ")[1].split()[0]
    followed = await ask(server, "And in 2023?", "--thread", thread, "--json")
    assert "$3.9 million" in followed.output["answer"]


async def test_person_says_what_they_mean_and_keeps_the_plan(server: str) -> None:
    said = await ask(server, "What was the revenue in 2024?", "--interactive", "--json", typed="Moor Mills\n\n")
    assert "$7.2 million" in said.output["answer"]
    assert "$4.5 million" not in said.output["answer"]


async def test_person_puts_another_plan_in_place(server: str) -> None:
    typed = "What was the revenue of Tarn Foods in 2023?\n\n"
    said = await ask(server, "What was the revenue of Tarn Foods?", "--interactive", typed=typed)
    assert "q1. What was the revenue of Tarn Foods?" in said.err
    assert "$3.9 million" in said.out


async def test_what_the_documents_do_not_have_is_told_by_the_exit_code(server: str) -> None:
    said = await ask(server, "Who is Zyler Vance?", typed="")
    assert said.code == 4
    assert "Not answered: Who is Zyler Vance?" in said.out
