"""Several model servers side by side, Azure among them, over real HTTP."""

from pathlib import Path

from pydantic import SecretStr

from app.settings import ModelServer
from tests.integration.llm.conftest import KEY, MakeRunner
from tests.integration.llm.tasks import GOOD, JUDGE, WRITE, Question
from tests.support.stub_openai import StubOpenAI


async def test_each_role_is_asked_at_its_own_server_with_its_own_key(
    stub: StubOpenAI, make_runner: MakeRunner, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("sk-other\n")
    with StubOpenAI() as other:
        server = ModelServer(base_url=other.url, api_key_file=tmp_path / "key")
        runner = await make_runner(model_servers={"other": server}, models={"judge": "big@other"})
        await runner.run(JUDGE, Question())
        await runner.run(WRITE, Question())
        asked = [(chat.body["model"], chat.headers["authorization"]) for chat in (*other.chats, *stub.chats)]
    assert asked == [("big", "Bearer sk-other"), ("stub-model", f"Bearer {KEY}")]


async def test_azure_is_asked_by_deployment_version_and_key(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    stub.script(GOOD)
    azure = ModelServer(
        base_url=stub.url.removesuffix("/v1"), api_key=SecretStr("azure-key"), azure_api_version="2025-01-01"
    )
    runner = await make_runner(model="dep@azure", model_servers={"azure": azure})
    assert (await runner.run(JUDGE, Question())).pages == 7
    (chat,) = stub.chats
    assert chat.path == "/openai/deployments/dep/chat/completions"
    assert chat.headers["api-key"] == "azure-key"
    assert "max_completion_tokens" in chat.body


async def test_the_default_server_s_key_may_stand_in_a_file(
    stub: StubOpenAI, make_runner: MakeRunner, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("sk-of-the-file\n")
    runner = await make_runner(openai_api_key=None, openai_api_key_file=tmp_path / "key")
    await runner.run(JUDGE, Question())
    assert stub.chats[0].headers["authorization"] == "Bearer sk-of-the-file"


async def test_json_is_never_heard_as_prose(stub: StubOpenAI, make_runner: MakeRunner) -> None:
    stub.script('{"text": "Seven pages, by my count."}', GOOD)
    heard: list[str] = []
    runner = await make_runner()
    essay = await runner.run(WRITE, Question(), on_delta=heard.append)
    assert essay.text == "Seven pages, by my count."
    await runner.run(JUDGE, Question(), on_delta=heard.append)
    assert heard == []
