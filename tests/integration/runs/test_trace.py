"""What a run did, as the API tells it: steps in order, each with its calls, times and texts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.db import Sessions
from app.resources import Resources
from app.settings import Settings
from tests.integration.runs.conftest import wait_for
from tests.support.collector import Collector, running_collector
from tests.support.research import publish_library
from tests.support.scripted_server import Answers
from tests.support.stub_openai import StubOpenAI
from tests.support.waiting import eventually

RESEARCH = {"question": "What were Apple's total net sales and what legal proceedings are there?", "format": "report"}


@pytest.fixture(scope="module")
def stub() -> Iterator[StubOpenAI]:
    with StubOpenAI(dimension=384) as running:
        running.answer_with(Answers())
        yield running


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as running:
        yield running


@pytest.fixture(scope="module")
def settings(
    settings: Settings, stub: StubOpenAI, collector: Collector, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    prices: Path = tmp_path_factory.mktemp("prices") / "prices.toml"
    prices.write_text('["stub-model"]\ninput = 1\noutput = 2\n["stub-embed"]\ninput = 0.5\n')
    model = {"engine": "openai", "openai_base_url": stub.url, "model": "stub-model", "prices_file": prices}
    embedder = {"embedder": "openai", "embedding_model": "stub-embed", "embedding_dimension": 384}
    return settings.model_copy(update={**model, **embedder, "otlp_endpoint": collector.url})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def library(sessions: Sessions, resources: Resources) -> None:
    await publish_library(sessions, resources.embedder)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def run(http: httpx2.AsyncClient, library: None, worker: None) -> dict[str, Any]:
    """One run that several tests look at."""
    response = await http.post("/v1/research", json=RESEARCH)
    ended = await wait_for(http, response.json()["id"])
    assert ended["status"] == "succeeded", ended["error"]
    return ended


@pytest_asyncio.fixture(loop_scope="session")
async def trace(http: httpx2.AsyncClient, run: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get(run["links"]["trace"])).json()
    return found


def calls_of(trace: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for step in trace["steps"] for call in step["calls"]]


async def test_every_step_is_told_in_order_with_start_and_duration(trace: dict[str, Any]) -> None:
    nodes = [step["node"] for step in trace["steps"]]
    assert nodes[:2] == ["open_question", "plan"]
    assert nodes.index("search") < nodes.index("write") < nodes.index("finish")
    assert nodes.count("search") > 1
    offsets = [step["offset_ms"] for step in trace["steps"]]
    assert offsets == sorted(offsets)
    assert offsets[0] == 0
    assert {step["outcome"] for step in trace["steps"]} == {"ok"}
    assert max(step["offset_ms"] + step["duration_ms"] for step in trace["steps"]) <= trace["duration_ms"] + 1


async def test_calls_stand_in_their_steps_with_prompt_answer_tokens_and_cost(trace: dict[str, Any]) -> None:
    (step,) = [step for step in trace["steps"] if step["node"] == "plan"]
    (call,) = step["calls"]
    assert (call["task"], call["model"], call["served_by"]) == ("research.plan", "stub-model", "engine")
    assert "Question: What were Apple" in call["prompt"]
    assert call["answer"]["steps"][0]["question"] == "What were Apple's total net sales?"
    cost = (call["input_tokens"] + 2 * call["output_tokens"]) / 1e6
    assert float(call["cost_usd"]) == pytest.approx(cost, abs=1e-6)
    assert step["duration_ms"] >= call["duration_ms"]


async def test_embedding_calls_are_in_the_trace_and_in_the_cost(run: dict[str, Any], trace: dict[str, Any]) -> None:
    embedded = [call for call in calls_of(trace) if call["role"] == "embedder"]
    assert {call["model"] for call in embedded} == {"stub-embed"}
    assert all(call["input_tokens"] for call in embedded)
    assert run["usage"]["cost_usd"] == pytest.approx(sum(float(c["cost_usd"]) for c in calls_of(trace)), abs=1e-9)
    assert run["usage"]["calls"] == len(calls_of(trace)) - len(embedded)


async def test_a_long_trace_comes_in_pages(http: httpx2.AsyncClient, trace: dict[str, Any]) -> None:
    steps: list[dict[str, Any]] = []
    after = ""
    for _ in range(len(trace["steps"])):
        page = (await http.get(f"/v1/runs/{trace['run_id']}/trace?limit=3{after}")).json()
        steps += page["steps"]
        after = f"&after={page['next_cursor']}"
        if not page["has_more"]:
            break
    assert steps == trace["steps"]


async def test_a_replay_asks_no_server_for_a_vector_either(
    http: httpx2.AsyncClient, run: dict[str, Any], stub: StubOpenAI
) -> None:
    asked = len(stub.received)
    response = await http.post(f"/v1/runs/{run['id']}/replay")
    again = await wait_for(http, response.json()["id"])
    assert json.dumps(again["output"]) == json.dumps(run["output"])
    assert len(stub.received) == asked


async def test_the_same_goes_to_an_opentelemetry_collector(run: dict[str, Any], collector: Collector) -> None:
    async def have_come() -> bool:
        return any(span.name == "invoke_agent research" for span in list_spans(collector))

    await eventually(have_come)
    spans = {span.span_id: span for span in list_spans(collector)}
    (attempt,) = [s for s in spans.values() if s.name.startswith("invoke") and run_of(s) == run["id"]]
    steps = [s for s in spans.values() if s.parent_span_id == attempt.span_id]
    assert {"step plan", "step search", "step finish"} <= {step.name for step in steps}
    (planned,) = [step for step in steps if step.name == "step plan"]
    (call,) = [s for s in spans.values() if s.parent_span_id == planned.span_id]
    told = attributes_of(call)
    assert (call.name, told["gen_ai.operation.name"], told["gen_ai.request.model"]) == (
        "chat stub-model",
        "chat",
        "stub-model",
    )
    assert int(told["gen_ai.usage.input_tokens"]) > 0
    assert any(s.name == "embeddings stub-embed" for s in spans.values())


async def test_a_request_is_a_span_and_the_run_it_asked_for_links_to_it(
    http: httpx2.AsyncClient, run: dict[str, Any], collector: Collector
) -> None:
    looked = await http.get(f"/v1/runs/{run['id']}", headers={"X-Request-Id": "a-look"})

    def find(name: str, **wanted: object) -> Span | None:
        spans = [s for s in list_spans(collector) if s.name == name and wanted.items() <= attributes_of(s).items()]
        return spans[-1] if spans else None

    async def have_come() -> bool:
        return find("GET /v1/runs/{run_id}", **{"symposium.request": "a-look"}) is not None

    await eventually(have_come)
    look, asked = find("GET /v1/runs/{run_id}", **{"symposium.request": "a-look"}), find("POST /v1/research")
    attempt = find("invoke_agent research", **{"symposium.run": run["id"]})
    assert look is not None and asked is not None and attempt is not None  # noqa: PT018
    told = attributes_of(look)
    assert (told["http.response.status_code"], run_of(look)) == (looked.status_code, run["id"])
    assert [link.span_id for link in attempt.links] == [asked.span_id]


def run_of(span: Span) -> object:
    return attributes_of(span).get("symposium.run")


def list_spans(collector: Collector) -> list[Span]:
    requests = [ExportTraceServiceRequest.FromString(p.body) for p in collector.posted if p.path == "/v1/traces"]
    scopes = [scope for request in requests for each in request.resource_spans for scope in each.scope_spans]
    return [span for scope in scopes for span in scope.spans]


def attributes_of(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
