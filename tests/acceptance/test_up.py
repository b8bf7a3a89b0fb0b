"""`symposium up` as a person uses it: real processes, stopped, killed and started again."""

import signal
import socket
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.support.up import Up, free_port


def filenames(url: str) -> list[str]:
    return sorted(document["filename"] for document in httpx2.get(f"{url}/v1/documents").json()["data"])


def test_it_serves_and_finds_everything_again_after_a_kill_and_after_a_stop(data_dir: Path) -> None:
    first = Up(data_dir, port := free_port())
    assert "The database is empty" in first.wait_for("Symposium is ready.")
    told = httpx2.get(f"{first.url}/health/ready").json()
    assert (told["status"], told["database"], told["redis"]) == ("ok", True, True)
    samples = filenames(first.url)
    assert len(samples) >= 2
    second_code, second_said = Up(data_dir, free_port()).end()
    assert second_code == 1
    assert second_said.startswith(f"Symposium is already running on the data folder {data_dir}")
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL

    again = Up(data_dir, port)
    assert "The database is empty" not in again.wait_for("Symposium is ready.")
    assert filenames(again.url) == samples
    children = psutil.Process(again.process.pid).children(recursive=True)
    code, said = again.end(signal.SIGINT)
    assert code == 0, said
    assert "Traceback" not in said
    assert [child for child in children if lives(child)] == []


def lives(process: psutil.Process) -> bool:
    """Whether a process still does anything; a zombie only waits for its parent to look."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_part_that_dies_is_named_and_the_rest_stops(data_dir: Path) -> None:
    up = Up(data_dir, free_port())
    up.wait_for("Symposium is ready.")
    children = psutil.Process(up.process.pid).children(recursive=True)
    next(child for child in children if "app.worker" in child.cmdline()).kill()
    code, said = up.end()
    assert code == 1
    assert "The worker ended by itself (exit code -9)" in said
    assert "Traceback" not in said
    assert [child for child in children if lives(child)] == []


def test_a_taken_port_is_said_in_one_sentence(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = Up(data_dir, port).end()
    assert code == 1
    assert said == f"Port {port} is taken; stop what listens there, or set SYMPOSIUM_PORT to another one.\n"


def test_a_folder_that_can_not_be_written_is_said_in_one_sentence(data_dir: Path) -> None:
    (data_dir / "file").touch()
    code, said = Up(data_dir / "file" / "data", free_port()).end()
    assert (code, said.count("\n")) == (1, 1)
    assert "can't be written" in said


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_server_that_is_away_is_said_in_one_sentence(data_dir: Path, name: str) -> None:
    both = {"DATABASE_URL": "postgresql://u@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    given = both if name == "DATABASE_URL" else {name: both[name]}
    code, said = Up(data_dir, free_port(), **given).end()
    assert (code, said.count("\n")) == (1, 1)
    assert f"of {name} can't be reached" in said


def test_settings_that_make_no_sense_are_said_in_one_sentence(data_dir: Path) -> None:
    code, said = Up(data_dir, free_port(), SYMPOSIUM_MAX_ATTEMPTS="many").end()
    assert (code, said.count("\n")) == (1, 1)
    assert "max_attempts" in said.lower()
