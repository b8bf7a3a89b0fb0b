"""API keys of model servers, given by environment and by file: sent to their server and seen nowhere else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.settings import ModelServer, Settings
from tests.integration.runs.conftest import read_log, wait_for
from tests.support.collector import Collector, running_collector
from tests.support.debating import SOURCES, TOPIC
from tests.support.processes import running_command
from tests.support.scripted_server import Answers
from tests.support.stub_openai import Received, Reply, StubOpenAI, refuse

OF_ENVIRONMENT = "sk-from-environment-7Qx2Lw9ZtB4v"
OF_FILE = "sk-from-file-Jm5Rk8Yc3Hd6"
DEBATE = {"topic": TOPIC, "collection": None, "sources": SOURCES, "judges": 1}


def refusing(status: int, code: str | None = None) -> Reply:
    """Refuse and repeat the keys, as some servers do."""
    return refuse(status, f"Incorrect API key provided: {OF_ENVIRONMENT} {OF_FILE}", code=code)


def garbled() -> Reply:
    body = f"<html>{OF_ENVIRONMENT} {OF_FILE}</html>".encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {len(body)}\r\n\r\n"
    return Reply(raw=head.encode() + body)


FAULTS = {
    "none": None,
    "400": refusing(400),
    "401": refusing(401, "invalid_api_key"),
    "403": refusing(403),
    "404": refusing(404, "model_not_found"),
    "429": refusing(429, "insufficient_quota"),
    "500": refusing(500),
    "no answer at all": Reply(break_off=True),
    "no completion": garbled(),
}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        yield running


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def worker_log(
    settings: Settings, stub: StubOpenAI, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Run a worker that has one key from its environment and one from a file, and says all it can."""
    folder = tmp_path_factory.mktemp("keys")
    (folder / "key").write_text(f"{OF_FILE}\n")
    other = ModelServer.model_validate({"base_url": stub.url, "api_key_file": folder / "key"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_API_KEY", OF_ENVIRONMENT)
        environment.setenv("OPENAI_BASE_URL", stub.url)
        environment.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        chosen = settings.model_copy(
            update={
                "engine": "auto",
                "model_tries": 1,
                "log_level": "DEBUG",
                "log_format": "json",
                "model_servers": {"other": other},
                "models": {"judge": "stub-model@other"},
            }
        )
        with running_command(chosen, folder / "worker.log", "-m", "app.worker"):
            yield folder / "worker.log"


def answering(fault: Reply | None, key: str) -> Any:
    """Answer well, but with a fault where a request comes with this key."""
    answers = Answers()

    def answer(request: Received) -> Reply | str | None:
        return fault if fault is not None and key in request.headers["authorization"] else answers(request)

    return answer


@pytest.mark.parametrize("key", [OF_ENVIRONMENT, OF_FILE], ids=["environment", "file"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_key_is_in_no_answer_event_trace_span_or_log_line(
    fault: str, key: str, http: httpx2.AsyncClient, stub: StubOpenAI, collector: Collector, worker_log: Path
) -> None:
    stub.reset()
    stub.answer_with(answering(FAULTS[fault], key))
    run_id = (await http.post("/v1/debates", json=DEBATE)).json()["id"]
    run = await wait_for(http, run_id)
    assert run["status"] == ("succeeded" if fault == "none" else "failed"), run
    told = [json.dumps(run), json.dumps(await read_log(http, run_id)), (await http.get(run["links"]["trace"])).text]
    told += [worker_log.read_text(), *(posted.body.decode("latin-1") for posted in collector.posted)]
    assert any(key in chat.headers["authorization"] for chat in stub.chats)
    assert not [text for text in told if OF_ENVIRONMENT in text or OF_FILE in text]
    assert collector.posted
    assert run_id in worker_log.read_text()
