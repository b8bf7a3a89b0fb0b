"""`symposium debate` as a person uses it: a process of its own, the service over HTTP, a terminal or a pipe."""

import asyncio
import json
import os
import pty
import re
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from app.settings import Settings
from tests.integration.debate.test_debate_api import TOPIC
from tests.support.processes import ROOT, running_api

pytestmark = pytest.mark.usefixtures("library", "worker")

FALSE = "Apple's Services net sales increased 80% in the three months ended July 1, 2023."
TRUE = "Apple's iPhone net sales decreased 2% in the three months ended July 1, 2023."


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a command wrote and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_api(settings, tmp_path_factory.mktemp("api")) as url:
        yield url


def command(server: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "app.cli", "debate", "--server", server, *options]


async def run_command(server: str, *options: str, typed: str = "") -> Said:
    process = await asyncio.create_subprocess_exec(
        *command(server, *options), cwd=ROOT, env=os.environ | {"COLUMNS": "200"}, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate(typed.encode())
    return Said(code=process.returncode or 0, out=out.decode(), err=err.decode())


async def test_debate_is_told_speech_by_speech_up_to_the_verdict(server: str, tmp_path: Path) -> None:
    transcript = tmp_path / "debate.md"
    said = await run_command(server, TOPIC, "--judges", "1", "--save", str(transcript))
    assert said.code == 0, said.err
    assert [line for line in said.out.splitlines() if "draft 1, accepted" in line] == [
        f"{speech} · draft 1, accepted"
        for speech in ("Pro · opening", "Con · rebuttal", "Pro · counter", "Con · final")
    ]
    assert "✓ supported apple.pdf, pg. " in said.out
    assert "wins." in said.out
    assert transcript.read_text().startswith(f"# {TOPIC}")


async def test_json_is_the_record_and_nothing_else(server: str) -> None:
    said = await run_command(server, TOPIC, "--judges", "1", "--json")
    assert (said.code, said.err) == (0, "")
    assert json.loads(said.out)["topic"] == TOPIC


async def test_without_a_topic_one_is_proposed(server: str) -> None:
    said = await run_command(server, "--theme", "Apple net sales", "--judges", "1", "--json")
    record = json.loads(said.out)
    assert record["topic"] in record["topic_candidates"]


async def test_person_speaks_from_a_pipe_and_forfeits_when_it_ends(server: str) -> None:
    typed = f"{FALSE}\n.\n{TRUE}\nIt fell,\nas we said.\n.\n"
    said = await run_command(server, TOPIC, "--human", "con", "--judges", "1", "--json", typed=typed)
    assert said.code == 0, said.err
    own = [speech for speech in json.loads(said.out)["speeches"] if speech["speaker"] == "con"]
    assert [speech["status"] for speech in own] == ["rejected", "accepted", "forfeited"]
    assert own[1]["text"] == f"{TRUE}\nIt fell,\nas we said."
    assert "Sent back. Refuted: Apple's Services" in said.err


async def test_person_speaks_in_a_terminal(server: str) -> None:
    shown, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *command(server, TOPIC, "--human", "con", "--judges", "1"),
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "120"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    before = await read_until(shown, "gives the turn up")
    os.write(shown, f"{TRUE}\n.\n".encode())
    between = await read_until(shown, "gives the turn up")
    os.write(shown, b"\x04")
    rest = await read_until(shown, "wins.")
    assert await process.wait() == 0
    assert "Pro · opening" in before
    assert "Con · rebuttal" in between
    assert "Con · final · draft 1, forfeited" in rest
    os.close(shown)


async def read_until(terminal: int, sign: str) -> str:
    """Return what a terminal shows up to the sign, without colours."""
    seen = ""
    while sign not in seen:
        async with asyncio.timeout(60):
            seen += (await asyncio.to_thread(os.read, terminal, 4096)).decode(errors="replace")
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--collection", "nowhere"), "nowhere"),
        (("--save", "debate.doc"), "A transcript is written as .md, .html, .json; debate.doc is none of them."),
    ],
)
async def test_refusal_is_one_sentence_and_exit_code_one(server: str, options: tuple[str, ...], told: str) -> None:
    said = await run_command(server, TOPIC, *options)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert "Traceback" not in said.err


def heed_interrupts() -> None:
    """Undo what a shell sets for the processes it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_interrupted_command_stops_the_debate(server: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command(server, TOPIC, "--human", "pro", "--judges", "1"),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        preexec_fn=heed_interrupts,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        await process.stdout.readuntil(b"Speak;")
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err.decode()) == (130, "The debate was stopped.\n")
    newest = httpx2.get(f"{server}/v1/runs", params={"agent": "debate", "limit": 1}).json()["data"][0]
    assert newest["status"] == "cancelled"
