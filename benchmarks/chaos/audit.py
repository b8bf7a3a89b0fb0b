"""What the rows, the clients, the model server and the webhook's receiver say afterwards, held against each other."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Json
from app.runs.models import TERMINAL, Run, RunEvent
from app.webhooks.models import WebhookDelivery
from app.webhooks.signing import verify
from benchmarks.chaos.guests import ENDS, Visit
from benchmarks.chaos.payments import count_repeated
from tests.support.listener import Received
from tests.support.stub_openai import StubOpenAI

ORPHANS = {
    "checkpoints": "select count(distinct thread_id) from checkpoints",
    "checkpoint_writes": "select count(distinct thread_id) from checkpoint_writes",
    "checkpoint_blobs": "select count(distinct thread_id) from checkpoint_blobs",
    "documents_unread": "select count(*) from documents where status in ('queued', 'processing')",
    "documents_without_pyramid": "select count(*) from documents d where status = 'ready' and not exists"
    " (select from entries e where e.document_id = d.id and e.level = 'abstract')",
    "pyramids_half_stored": "select count(*) from documents d where status = 'failed' and version = 0 and exists"
    " (select from entries e where e.document_id = d.id)",
    "insights_without_pages": "select count(*) from entries e where level = 'insight' and not exists"
    " (select from entry_sources s where s.entry_id = e.id)",
    "runs_nobody_asked_for": "select count(*) from runs where id <> all(:run_ids)",
    "calls_without_run": "select count(*) from llm_calls where run_id is null",
}


@dataclass(frozen=True, kw_only=True)
class Hook:
    """A webhook under watch: its secret, and what arrived."""

    secret: str
    requests: Sequence[Received]

    def ids_by_run(self) -> dict[str, set[str]]:
        """Return the ids under which each run's end was told, each with a signature that verifies."""
        found: dict[str, set[str]] = defaultdict(set)
        for request in self.requests:
            sent_at = float(request.headers["webhook-timestamp"])
            message_id, _ = verify(self.secret, request.headers, request.body, at=sent_at)
            found[json.loads(request.body)["data"]["run_id"]].add(message_id)
        return found


async def count_untold(session: AsyncSession) -> int:
    """Return how many webhook deliveries are still under way."""
    query = select(func.count()).where(WebhookDelivery.status == "pending")
    return await session.scalar(query) or 0


async def audit(session: AsyncSession, visits: Sequence[Visit], hook: Hook, stub: StubOpenAI) -> Json:
    """Return the figures; all but `endings`, `attempts` and `calls` should be 0."""
    run_ids = sorted({run_id for visit in visits for run_id in visit.run_ids})
    runs = {str(run.id): run for run in await session.scalars(select(Run).where(Run.id.in_(run_ids)))}
    logs = await _read_logs(session)
    repeated, calls = await count_repeated(session, stub)
    orphans = {
        name: count for name, query in ORPHANS.items() if (count := await _count(session, query, run_ids=run_ids))
    }
    return {
        "lost": sum(visit.run_id not in runs or runs[visit.run_id].status not in TERMINAL for visit in visits),
        "twins": sum(len(visit.run_ids) - 1 for visit in visits),
        "doubled": sum(sum(kind in ENDS for _, kind in log) > 1 for log in logs.values()),
        "repeated_calls": repeated,
        "stream_gaps": sum(_has_gap(visit, logs[visit.run_id]) for visit in visits),
        "webhooks_lost": _count_webhooks_lost(visits, hook),
        "orphans": sum(orphans.values()),
        "orphans_by_kind": orphans,
        "calls": calls,
        "attempts": sum(run.attempt for run in runs.values()),
        "endings": Counter(_ending(run) for run in runs.values()),
    }


def _ending(run: Run) -> str:
    code = f" {run.error['code']}" if run.error else ""
    return f"{run.agent} {run.status}{code}"


async def _read_logs(session: AsyncSession) -> Mapping[str, list[tuple[int, str]]]:
    logs: dict[str, list[tuple[int, str]]] = defaultdict(list)
    query = select(RunEvent.run_id, RunEvent.seq, RunEvent.type).order_by(RunEvent.run_id, RunEvent.seq)
    for run_id, seq, kind in await session.execute(query):
        logs[str(run_id)].append((seq, kind))
    return logs


async def _count(session: AsyncSession, query: str, **bound: object) -> int:
    names = {name: value for name, value in bound.items() if f":{name}" in query}
    return await session.scalar(text(query), names) or 0


def _has_gap(visit: Visit, log: list[tuple[int, str]]) -> bool:
    """Whether a client's stream is not the log, or the log not 1, 2, 3 …"""
    return visit.lines != log or [seq for seq, _ in log] != list(range(1, len(log) + 1))


def _count_webhooks_lost(visits: Sequence[Visit], hook: Hook) -> int:
    """Count runs whose end was not told, or under more than one id."""
    told = hook.ids_by_run()
    return sum(len(told.get(visit.run_id, ())) != 1 for visit in visits)
