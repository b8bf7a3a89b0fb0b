"""LangSmith, switched on by its own variables: runs arrive where its endpoint variable points."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.settings import Settings
from tests.integration.runs.conftest import wait_for
from tests.support.collector import running_collector
from tests.support.debating import SOURCES, TOPIC
from tests.support.processes import running_command
from tests.support.scripted_server import Answers
from tests.support.stub_openai import StubOpenAI
from tests.support.waiting import wait_until

KEY = "sk-of-the-model-server-0123456789"


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI() as running:
        running.answer_with(Answers())
        yield running


@pytest.fixture(scope="module")
def settings(settings: Settings, stub: StubOpenAI) -> Settings:
    model = {"engine": "openai", "openai_base_url": stub.url, "model": "stub-model"}
    return settings.model_copy(update=model)


async def test_runs_are_traced_where_its_variables_say(
    http: httpx2.AsyncClient, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_collector() as collector:
        monkeypatch.setenv("LANGSMITH_TRACING", "true")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "ls-test")
        monkeypatch.setenv("LANGSMITH_PROJECT", "symposium-test")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        body = {"topic": TOPIC, "collection": None, "sources": SOURCES, "judges": 1}
        run_id = (await http.post("/v1/debates", json=body)).json()["id"]
        with running_command(settings, tmp_path / "worker.log", "-m", "app.worker"):
            run = await wait_for(http, run_id)
            assert run["status"] == "succeeded", run["error"]
            told = ("debate", "pro_debater", "ChatOpenAI", "symposium-test")
            wait_until(lambda: all(any(word.encode() in p.body for p in collector.posted) for word in told))
        assert {p.headers["x-api-key"] for p in collector.posted} == {"ls-test"}
        assert not any(KEY.encode() in posted.body for posted in collector.posted)
