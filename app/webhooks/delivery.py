"""Delivering: due rows are leased, posted with a signature, and what came of it is written down; at least once."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json, Sessions, now
from app.errors import AppError
from app.fetch import Fetcher, Reply
from app.log import get_logger
from app.webhooks.endpoints import valid_secrets
from app.webhooks.models import SourceMessage, WebhookDelivery, WebhookEndpoint
from app.webhooks.signing import sign_headers

log = get_logger(__name__)

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24)))
"""Seconds before each try, counted from the one before (Standard Webhooks 1.0, “Deliverability and reliability”)."""
JITTER = 0.1
LONGEST_PAUSE = 24 * HOUR
GONE = 410
TIDY_SECONDS = HOUR
KEPT_REPLY = 200

CLAIM = text("""
update webhook_deliveries set leased_until = now() + make_interval(secs => :lease), tries = tries + 1
where id in (
    select due.id from webhook_endpoints e cross join lateral (
        select id from webhook_deliveries d
        where d.endpoint_id = e.id and d.status = 'pending' and d.next_at <= now()
          and (d.leased_until is null or d.leased_until < now())
        order by d.next_at, d.id for update skip locked
        limit greatest(0, :each - coalesce(cast(cast(:under_way as jsonb) ->> cast(e.id as text) as int), 0))
    ) due where e.enabled order by due.id limit :room
) returning id
""")
"""Takes what is due and free; to one endpoint no more than `each`, those `under_way` in this process counted."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """How often to look, how long one try may take, how many go on at once: in all, and to one endpoint."""

    every: float = 1.0
    seconds: float = 15.0
    at_once: int = 16
    to_one: int = 4
    pauses: tuple[float, ...] = PAUSES
    keep_days: int = 30

    @property
    def lease(self) -> float:
        """Seconds after which a delivery whose worker died is taken by another."""
        return 2 * self.seconds + 10


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one try."""

    status: int | None = None
    error: str = ""
    retry_after: float = 0.0
    reply: str = ""
    milliseconds: int = 0

    @property
    def delivered(self) -> bool:
        """Whether the endpoint took it."""
        return self.status is not None and 200 <= self.status < 300

    def entry(self, number: int) -> Json:
        """Return the line of the delivery's log."""
        return {
            "number": number,
            "at": now().isoformat(),
            "status": self.status,
            "error": self.error or None,
            "reply": self.reply,
            "milliseconds": self.milliseconds,
        }


@dataclass(kw_only=True, eq=False)
class Deliverer:
    """Delivers what is due, for ever; several processes may do so at the same time."""

    sessions: Sessions
    fetcher: Fetcher
    policy: Policy = field(default_factory=Policy)
    spread: Callable[[], float] = random.random
    _tidy_at: float = 0.0
    _sending: dict[asyncio.Task[None], UUID] = field(default_factory=dict)

    async def run(self) -> None:
        """Look for what is due every few seconds, and at once when there is more; an outage only delays."""
        try:
            while True:
                await self._tidy()
                taken = await self._take_due()
                pause = 0.01 if taken else self.policy.every
                if self._sending:
                    await asyncio.wait(self._sending, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                else:
                    await asyncio.sleep(pause)
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def _tidy(self) -> None:
        if time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        try:
            async with self.sessions.begin() as session:
                await drop_old(session, days=self.policy.keep_days)
        except (OperationalError, InterfaceError) as error:
            log.warning("webhooks_not_tidied", error=repr(error))

    async def _take_due(self) -> int:
        try:
            async with self.sessions.begin() as session:
                claimed = await self._claim(session)
        except (OperationalError, InterfaceError) as error:
            log.warning("webhooks_not_claimed", error=repr(error))
            return 0
        for delivery, endpoint in claimed:
            task = asyncio.create_task(self._deliver(delivery, endpoint), name=f"webhook {delivery.id}")
            self._sending[task] = endpoint.id
            task.add_done_callback(lambda done: self._sending.pop(done, None))
        return len(claimed)

    async def _claim(self, session: AsyncSession) -> list[tuple[WebhookDelivery, WebhookEndpoint]]:
        room = self.policy.at_once - len(self._sending)
        if room <= 0:
            return []
        under_way = json.dumps(Counter(str(endpoint_id) for endpoint_id in self._sending.values()))
        limits = {"lease": self.policy.lease, "each": self.policy.to_one, "room": room, "under_way": under_way}
        ids = list(await session.scalars(CLAIM, limits))
        if not ids:
            return []
        query = select(WebhookDelivery, WebhookEndpoint).join(
            WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id
        )
        rows = await session.execute(query.where(WebhookDelivery.id.in_(ids)))
        return [(delivery, endpoint) for delivery, endpoint in rows]

    async def _deliver(self, delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> None:
        outcome = await self._try(delivery, endpoint)
        log.info("webhook_tried", delivery_id=str(delivery.id), status=outcome.status, error=outcome.error or None)
        try:
            async with self.sessions.begin() as session:
                await self.record(session, delivery, outcome)
        except (OperationalError, InterfaceError) as error:
            log.warning("webhook_not_recorded", delivery_id=str(delivery.id), error=repr(error))

    async def _try(self, delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> Outcome:
        body, began = delivery.body.encode(), time.monotonic()
        try:
            headers = sign_headers(valid_secrets(endpoint), f"msg_{delivery.id.hex}", int(time.time()), body)
            headers["content-type"] = "application/json"
            reply = await self.fetcher.post(endpoint.url, body, headers, seconds=self.policy.seconds)
        except AppError as error:
            return Outcome(error=error.detail, milliseconds=_since(began))
        except Exception:
            log.exception("webhook_failed", delivery_id=str(delivery.id))
            return Outcome(error="Something went wrong inside the service.", milliseconds=_since(began))
        return outcome_of(reply, _since(began))

    async def record(self, session: AsyncSession, delivery: WebhookDelivery, outcome: Outcome) -> None:
        """Write what came of a try, unless another worker has taken the delivery since."""
        number = delivery.tries - delivery.schedule_from
        changes: Json = {"leased_until": None, "attempts": [*delivery.attempts, outcome.entry(delivery.tries)]}
        if outcome.delivered:
            changes |= {"status": "delivered", "finished_at": now()}
        elif outcome.status == GONE or number >= len(self.policy.pauses):
            changes |= {"status": "failed", "finished_at": now()}
        else:
            changes["next_at"] = func.now() + timedelta(seconds=self.pause_before(number, outcome.retry_after))
        fence = (WebhookDelivery.id == delivery.id, WebhookDelivery.tries == delivery.tries)
        await session.execute(update(WebhookDelivery).where(*fence).values(changes))
        if outcome.status == GONE:
            gone = {"enabled": False, "disabled_reason": "The endpoint answered 410 Gone."}
            await session.execute(
                update(WebhookEndpoint).where(WebhookEndpoint.id == delivery.endpoint_id).values(gone)
            )

    def pause_before(self, number: int, retry_after: float) -> float:
        """Return the seconds until the try of this number (from 0), a tenth more at most, or what was asked for."""
        planned = self.policy.pauses[number] * (1 + JITTER * self.spread())
        return max(planned, min(retry_after, LONGEST_PAUSE))


async def drop_old(session: AsyncSession, *, days: int) -> None:
    """Drop deliveries that ended and messages that came more than so many days ago."""
    before = func.now() - timedelta(days=days)
    await session.execute(delete(WebhookDelivery).where(WebhookDelivery.finished_at < before))
    await session.execute(delete(SourceMessage).where(SourceMessage.received_at < before))


def outcome_of(reply: Reply, milliseconds: int) -> Outcome:
    """Return what an endpoint's answer means."""
    return Outcome(
        status=reply.status,
        retry_after=read_retry_after(reply.retry_after),
        reply=reply.body[:KEPT_REPLY].decode("utf-8", "replace").replace("\x00", ""),
        milliseconds=milliseconds,
    )


def read_retry_after(value: str) -> float:
    """Return the seconds a `Retry-After` asks for, in seconds or as a date; 0 for none or nonsense."""
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
