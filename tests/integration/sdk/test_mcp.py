"""The Model Context Protocol endpoint, used by the official client over HTTP."""

import httpx2
import pytest_asyncio
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from app.settings import Settings
from symposium import AsyncClient
from tests.support.processes import run_command

MINUTES = "# Minutes\n\nThe board met in May. Revenue of Tarn Foods was $4.5 million in the second quarter of 2024."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def endpoint(server: str) -> str:
    async with AsyncClient(server) as client:
        await client.wait((await client.add_text(MINUTES, "minutes.md"))["run"]["id"])
    return f"{server}/mcp"


async def test_the_four_tools_are_told_with_what_they_take(endpoint: str) -> None:
    async with Client(endpoint) as tools:
        listed = {tool.name: tool for tool in (await tools.list_tools()).tools}
        assert set(listed) == {"search", "ask", "debate", "check"}
        assert listed["ask"].input_schema["required"] == ["question"]


async def test_ask_gives_answer_and_citations(endpoint: str) -> None:
    async with Client(endpoint) as tools:
        question = "What was the revenue of Tarn Foods in the second quarter of 2024?"
        answer = (await tools.call_tool("ask", {"question": question})).structured_content
        assert answer is not None
        assert "$4.5 million" in answer["answer"]
        assert answer["citations"][0]["filename"] == "minutes.md"


async def test_search_and_check_find_what_is_there(endpoint: str) -> None:
    async with Client(endpoint) as tools:
        found = (await tools.call_tool("search", {"query": "revenue", "limit": 2})).structured_content
        assert found is not None
        assert 1 <= len(found["result"]) <= 2
        checked = (
            await tools.call_tool("check", {"text": "Revenue of Tarn Foods was $9.1 million."})
        ).structured_content
        assert checked is not None
        assert [claim["verdict"] for claim in checked["claims"]] != ["supported"]


async def test_debate_gives_transcript_and_verdict(endpoint: str) -> None:
    async with Client(endpoint) as tools:
        held = (await tools.call_tool("debate", {"topic": "Tarn Foods is small", "judges": 1})).structured_content
        assert held is not None
        assert held["verdict"]["winner"] in {"pro", "con", "tie"}
        assert "Tarn Foods" in held["transcript"]


async def test_a_refusal_is_told_in_words(endpoint: str) -> None:
    async with Client(endpoint) as tools:
        refused = await tools.call_tool("ask", {"question": "What?", "collections": ["nowhere"]})
        assert refused.is_error
        assert "There is no collection" in str(refused.content[0])


async def test_a_key_is_wanted_and_used_once_there_is_one(settings: Settings, endpoint: str) -> None:
    async with Client(endpoint) as tools:
        made = run_command(settings, "-m", "app.cli", "key", "create", "--project", "mcp", "--scope", "read")
        refused = await tools.call_tool("search", {"query": "revenue"})
        assert refused.is_error
        assert "API key" in str(refused.content[0])
        headers = {"Authorization": f"Bearer {made.strip()}"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(endpoint, http_client=http)) as keyed,
        ):
            assert not (await keyed.call_tool("search", {"query": "revenue"})).is_error
            asked = await keyed.call_tool("ask", {"question": "What was revenue?"})
            assert asked.is_error
            assert "write" in str(asked.content[0])
