"""A run's end is told to those who asked, signed, from the outbox, until they take it."""

import asyncio
import time
from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy import delete, select, text, update

from app.db import DEFAULT_PROJECT, Json, Sessions
from app.fetch import Fetcher
from app.webhooks.delivery import Deliverer, Policy
from app.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.webhooks.outbox import append_event
from app.webhooks.signing import verify
from tests.integration.webhooks.conftest import make_webhook
from tests.support.listener import Listener, reply

SOON = Policy(every=0.01, seconds=2, pauses=(0.0, 0.0, 0.0))


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_endpoints(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await session.execute(delete(WebhookEndpoint))


@pytest_asyncio.fixture(loop_scope="session")
async def deliverer(sessions: Sessions) -> AsyncIterator[Deliverer]:
    async with Fetcher(private_networks=[ip_network("127.0.0.1/32")]) as fetcher:
        yield Deliverer(sessions=sessions, fetcher=fetcher, policy=SOON)


async def tell(sessions: Sessions, type: str = "run.succeeded", **data: Any) -> int:
    async with sessions.begin() as session:
        return await append_event(session, DEFAULT_PROJECT, type, data)


async def deliver(deliverer: Deliverer) -> None:
    """Try everything that is due once."""
    await deliverer._take_due()
    while deliverer._sending:
        await asyncio.wait(deliverer._sending)


async def deliveries(http: httpx2.AsyncClient, webhook: Json) -> list[dict[str, Any]]:
    response = await http.get(f"/v1/webhooks/{webhook['id']}/deliveries")
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def test_only_what_an_endpoint_asked_for_is_queued(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener
) -> None:
    await make_webhook(http, listener.url("/all"))
    await make_webhook(http, listener.url("/failures"), "run.failed")
    off = await make_webhook(http, listener.url("/off"))
    await http.patch(f"/v1/webhooks/{off['id']}", json={"enabled": False})
    assert await tell(sessions, "run.succeeded") == 1
    assert await tell(sessions, "run.failed") == 2


async def test_a_failure_is_tried_again_under_the_same_id_until_it_is_taken(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    answers = iter([reply(500, b"broken"), reply(302, location="http://127.0.0.1/"), reply(204)])
    listener.answers["/in"] = lambda _: next(answers)
    await tell(sessions)
    for _ in range(4):
        await deliver(deliverer)
    assert len({request.headers["webhook-id"] for request in listener.requests}) == 1
    assert len({request.body for request in listener.requests}) == 1
    [found] = await deliveries(http, made)
    assert (found["status"], found["tries"]) == ("delivered", 3)
    assert [each["status"] for each in found["attempts"]] == [500, 302, 204]
    assert found["attempts"][0]["reply"] == "broken"


async def test_after_the_last_try_it_has_failed_and_can_be_sent_again_by_hand(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    listener.answers["/in"] = lambda _: reply(503)
    await tell(sessions)
    for _ in range(4):
        await deliver(deliverer)
    [failed] = await deliveries(http, made)
    assert (failed["status"], len(listener.requests)) == ("failed", 3)
    listener.answers["/in"] = lambda _: reply(500 if len(listener.requests) < 5 else 200)
    again = await http.post(f"/v1/webhooks/deliveries/{failed['id']}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    for _ in range(2):
        await deliver(deliverer)
    [found] = await deliveries(http, made)
    assert (found["status"], found["tries"], found["message_id"]) == ("delivered", 5, failed["message_id"])


async def test_retry_after_moves_the_next_try(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    await make_webhook(http, listener.url("/in"))
    listener.answers["/in"] = lambda _: reply(429, retry_after="3600")
    await tell(sessions)
    await deliver(deliverer)
    await deliver(deliverer)
    async with sessions() as session:
        left = await session.scalar(text("select extract(epoch from next_at - now()) from webhook_deliveries"))
    assert len(listener.requests) == 1
    assert 3500 < float(left or 0) <= 3600


async def test_an_endpoint_that_is_gone_is_disabled(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    listener.answers["/in"] = lambda _: reply(410)
    await tell(sessions)
    await deliver(deliverer)
    [webhook] = (await http.get("/v1/webhooks")).json()["data"]
    assert (webhook["enabled"], webhook["disabled_reason"]) == (False, "The endpoint answered 410 Gone.")
    [found] = await deliveries(http, made)
    assert found["status"] == "failed"
    assert (await http.post(f"/v1/webhooks/deliveries/{found['id']}/redeliver")).status_code == 409
    assert await tell(sessions) == 0
    enabled = await http.patch(f"/v1/webhooks/{made['id']}", json={"enabled": True})
    assert (enabled.json()["enabled"], enabled.json()["disabled_reason"]) == (True, None)


async def test_two_workers_share_what_is_due_and_take_over_what_one_left(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    await make_webhook(http, listener.url("/in"))
    for _ in range(6):
        await tell(sessions)
    async with sessions.begin() as mine, sessions.begin() as other:
        first, second = await deliverer._claim(mine), await deliverer._claim(other)
        claimed = [delivery.id for delivery, _ in first + second]
        assert (len(first), len(second), len(set(claimed))) == (4, 2, 6)
    await deliver(deliverer)
    assert listener.requests == []
    async with sessions.begin() as session:
        await session.execute(text("update webhook_deliveries set leased_until = now() - interval '1 second'"))
    for _ in range(2):
        await deliver(deliverer)
    assert len(listener.requests) == 6


async def test_a_worker_that_lost_its_delivery_writes_nothing(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    await make_webhook(http, listener.url("/in"))
    await tell(sessions)
    async with sessions.begin() as session:
        [(delivery, endpoint)] = await deliverer._claim(session)
    async with sessions.begin() as session:
        await session.execute(update(WebhookDelivery).values(tries=7))
    await deliverer._deliver(delivery, endpoint)
    async with sessions() as session:
        row = (await session.scalars(select(WebhookDelivery))).one()
    assert (row.status, row.attempts) == ("pending", [])


async def test_a_silent_endpoint_does_not_hold_up_another(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    slow = await make_webhook(http, listener.url("/slow"))
    for _ in range(20):
        await tell(sessions)
    await make_webhook(http, listener.url("/quick"))
    await tell(sessions)
    async with sessions.begin() as session:
        claimed = [endpoint.id for _, endpoint in await deliverer._claim(session)]
    assert sum(str(each) == slow["id"] for each in claimed) == SOON.to_one
    assert len(claimed) == SOON.to_one + 1


async def test_what_is_under_way_to_an_endpoint_counts_against_its_share(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    made = await make_webhook(http, listener.url("/slow"))
    for _ in range(8):
        await tell(sessions)
    pending = [asyncio.create_task(asyncio.sleep(60)) for _ in range(SOON.to_one - 1)]
    deliverer._sending |= {task: UUID(made["id"]) for task in pending}
    async with sessions.begin() as session:
        assert len(await deliverer._claim(session)) == 1
    for task in pending:
        task.cancel()


async def test_while_a_secret_changes_both_sign(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener, deliverer: Deliverer
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    new = (await http.patch(f"/v1/webhooks/{made['id']}", json={"rotate_secret": True})).json()["secret"]
    assert new != made["secret"]
    await tell(sessions)
    await deliver(deliverer)
    async with sessions.begin() as session:
        await session.execute(text("update webhook_endpoints set previous_until = now() - interval '1 second'"))
    await tell(sessions)
    await deliver(deliverer)
    both, one = listener.requests
    for secret in (made["secret"], new):
        assert verify(secret, both.headers, both.body, at=time.time())
    assert len(one.headers["webhook-signature"].split()) == 1
    assert verify(new, one.headers, one.body, at=time.time())


async def test_an_endpoint_that_turned_inward_is_not_reached(
    http: httpx2.AsyncClient, sessions: Sessions, listener: Listener
) -> None:
    made = await make_webhook(http, listener.url("/in"))
    await tell(sessions)
    async with Fetcher() as fetcher:
        await deliver(Deliverer(sessions=sessions, fetcher=fetcher, policy=SOON))
    [found] = await deliveries(http, made)
    assert "not on the public internet" in found["attempts"][0]["error"]
    assert listener.connections == 0


@pytest.mark.parametrize("url", ["file:///etc/passwd", "", "example.com"])
async def test_what_is_no_web_address_is_refused(http: httpx2.AsyncClient, url: str) -> None:
    response = await http.post("/v1/webhooks", json={"url": url})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert response.json()["errors"][0]["pointer"] == "/url"


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://[::1]/", "http://0x7f000002/"])
async def test_an_address_inside_is_refused_when_it_is_given(http: httpx2.AsyncClient, url: str) -> None:
    response = await http.post("/v1/webhooks", json={"url": url})
    assert (response.status_code, response.json()["code"]) == (422, "address_refused")


async def test_secrets_are_shown_once(http: httpx2.AsyncClient, listener: Listener) -> None:
    made = await make_webhook(http, listener.url("/in"))
    assert made["secret"].startswith("whsec_")
    listed = await http.get("/v1/webhooks")
    assert made["secret"] not in listed.text
    assert (await http.delete(f"/v1/webhooks/{made['id']}")).status_code == 204
    assert (await http.get("/v1/webhooks")).json()["data"] == []


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/webhooks", {"url": "https://1.1.1.1/"}), ("/v1/sources", {"name": "x"})]
)
async def test_an_answer_given_again_has_no_secret_and_none_is_kept_for_it(
    http: httpx2.AsyncClient, sessions: Sessions, path: str, body: Json
) -> None:
    once = {"Idempotency-Key": f"once {path}"}
    made = (await http.post(path, json=body, headers=once)).json()
    again = (await http.post(path, json=body, headers=once)).json()
    assert again == {**made, "secret": None}
    async with sessions() as session:
        kept = await session.scalars(text("select body::text from idempotency_keys"))
        assert not any(made["secret"] in each for each in kept)
    assert (await http.delete(f"{path}/{made['id']}")).status_code == 204
