from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.errors import Invalid, ModelFailed, ModelOutputInvalid
from app.llm.calls import Call, hash_request
from app.llm.offline_engine import OfflineEngine
from app.llm.servers import ModelServers
from app.llm.task import Task
from app.settings import ModelServer, Settings


class Text(BaseModel):
    text: str


class Other(BaseModel):
    text: str


TASK: Task[Text, Text] = Task(
    name="copy",
    version=1,
    role="writer",
    instructions="Copy.",
    input=Text,
    output=Text,
    render=lambda given: given.text,
    check=lambda given, copied: [] if copied.text == given.text else ["text: is not the same"],
    prose_field="text",
)


async def test_the_offline_function_of_the_task_answers_and_is_heard() -> None:
    heard: list[str] = []
    engine = OfflineEngine({"copy": lambda given: given})
    assert await engine.answer(TASK, Text(text="a"), Call(), heard.append) == Text(text="a")
    assert heard == ["a"]


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        ({}, ModelFailed),
        ({"copy": lambda given: Other(text=given.text)}, ModelOutputInvalid),
        ({"copy": lambda _: Text(text="b")}, ModelOutputInvalid),
    ],
)
async def test_a_missing_or_wrong_offline_function_is_a_typed_error(
    functions: dict[str, Any], error: type[ModelFailed]
) -> None:
    with pytest.raises(error):
        await OfflineEngine(functions).answer(TASK, Text(text="a"), Call())


def open_servers(**given: Any) -> ModelServers:
    return ModelServers(Settings(_env_file=None, **given), async_sessionmaker())


async def test_a_role_has_its_own_model_or_that_of_its_kind_or_the_default(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-from-file\n")
    servers = open_servers(
        model="base",
        models={"judge": "big", "debater": "org/talker:8b@local", "debater.con": "con"},
        model_servers={"local": ModelServer(base_url="http://localhost:1/v1", api_key_file=tmp_path / "key")},
    )
    names = {role: servers.choose(role).name for role in ("writer", "judge", "debater.pro", "debater.con")}
    assert names == {"writer": "base", "judge": "big", "debater.pro": "org/talker:8b@local", "debater.con": "con"}
    assert servers.choose("debater.pro").server.shown == "localhost:1"
    assert servers.redact("the key is sk-from-file") == "the key is ***"
    await servers.aclose()


async def test_a_model_name_with_an_at_that_is_no_server_stays_whole() -> None:
    servers = open_servers(model="publishers/x@001")
    assert servers.choose("judge").model == "publishers/x@001"
    await servers.aclose()


async def test_an_azure_server_is_asked_by_deployment() -> None:
    azure = ModelServer(base_url="https://r.openai.azure.com", api_key=SecretStr("k"), azure_api_version="2025-01-01")
    servers = open_servers(model="dep@azure", model_servers={"azure": azure})
    choice = servers.choose("judge")
    assert "/deployments/dep" in str(servers.chat(choice).root_async_client.base_url)
    assert servers.traits(choice).shape.tokens_field == "max_completion_tokens"
    await servers.aclose()


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="key file of model server local"):
        open_servers(model_servers={"local": ModelServer(base_url="http://x", api_key_file=tmp_path / "no")})


def test_the_request_hash_changes_with_all_that_decides_the_answer() -> None:
    def hashed(**changes: Any) -> str:
        given = {"engine": "openai", "model": "m", "seed": None} | changes
        return hash_request(given.pop("task", TASK), given.pop("input", Text(text="a")), **given)

    changed = Task(**{**TASK.__dict__, "version": 2})
    hashes = {
        hashed(),
        hashed(model="n"),
        hashed(seed=1),
        hashed(engine="offline"),
        hashed(input=Text(text="b")),
        hashed(task=changed),
    }
    assert len(hashes) == 6
    assert hashed() == hashed()
