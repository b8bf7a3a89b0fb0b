"""The claim checker: split, find evidence, compare figures in code, then ask. A broken step is `not_checked`."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from app.errors import AppError
from app.knowledge.claims.find import LIMIT, find_evidence
from app.knowledge.claims.rank import rank_passages
from app.knowledge.claims.split import locate, split_claims, split_sentences
from app.knowledge.claims.tasks import CHECK, MAX_CLAIMS, SPLIT, Check, CheckInput, SplitInput, StatedClaim
from app.knowledge.claims.types import CheckedClaim, Claim, Passage, Source, as_evidence
from app.knowledge.claims.verdict import MAX_EVIDENCE, Finding, settle_by_figures
from app.knowledge.claims.words import find_stems
from app.knowledge.knowledge import Knowledge
from app.knowledge.types import Filters, Level
from app.llm.task import I, O, Task

CONCURRENCY = 4
LEVELS: tuple[Level, ...] = ("insight", "page")
"""Where evidence for a claim is looked for."""


class Run(Protocol):
    """Runs a task: `Context.run`, or that of a model runner outside of a graph."""

    async def __call__(self, task: Task[I, O], input: I) -> O: ...


async def list_claims(run: Run, text: str, *, limit: int = MAX_CLAIMS) -> list[Claim]:
    """Return the claims of a text with their places; when no model can be heard, its checkable sentences."""
    if not text.strip():
        return []
    try:
        stated = await run(SPLIT, SplitInput(text=text, limit=limit))
    except AppError:
        return split_claims(text, limit=limit)
    return place_claims(text, stated.claims[:limit])


def place_claims(text: str, stated: Sequence[StatedClaim]) -> list[Claim]:
    """Give each claim its span: its excerpt's, else that of the sentence which shares most words with it."""
    claims: list[Claim] = []
    for item in stated:
        span = locate(item.excerpt, text) or _nearest_sentence(item.claim, text)
        if span is not None and item.claim.strip():
            claims.append(Claim(id=f"c{len(claims) + 1}", span=span, text=item.claim.strip()))
    return claims


async def check_claim(
    run: Run,
    claim: Claim,
    *,
    knowledge: Knowledge,
    filters: Filters | None,
    sources: Sequence[Source] = (),
    found: Sequence[Passage] = (),
) -> CheckedClaim:
    """Check one claim against the collection, the sources and what was `found` elsewhere.

    Whatever breaks on the way, search or model, makes it `not_checked` with the reason.
    """
    try:
        passages = await find_evidence(claim.text, knowledge=knowledge, filters=filters, sources=sources)
        passages += rank_passages(claim.text, found, limit=LIMIT)
        finding = settle_by_figures(claim.text, passages) or await _ask(run, claim.text, passages)
    except AppError as error:
        return conclude(claim, Finding(verdict="not_checked", reason=f"The check failed: {error.detail}"))
    return conclude(claim, finding)


async def check_text(
    run: Run, text: str, *, knowledge: Knowledge, filters: Filters | None, sources: Sequence[Source] = ()
) -> list[CheckedClaim]:
    """Check every claim of a text, a few side by side."""
    gate = asyncio.Semaphore(CONCURRENCY)

    async def check(claim: Claim) -> CheckedClaim:
        async with gate:
            return await check_claim(run, claim, knowledge=knowledge, filters=filters, sources=sources)

    claims = await list_claims(run, text)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(check(claim)) for claim in claims]
    return [task.result() for task in tasks]


def conclude(claim: Claim, finding: Finding) -> CheckedClaim:
    """Put a finding on record. A refutation without evidence is none."""
    evidence = [as_evidence(passage) for passage in finding.passages[:MAX_EVIDENCE]]
    verdict, reason = finding.verdict, finding.reason
    if verdict == "refuted" and not evidence:
        verdict, reason = "not_enough_evidence", f"Said to be refuted, but without evidence: {reason}"
    return CheckedClaim(**claim.model_dump(), verdict=verdict, reason=reason, evidence=evidence)


async def _ask(run: Run, claim: str, passages: Sequence[Passage]) -> Finding:
    if not passages:
        return Finding(verdict="not_enough_evidence", reason="No evidence was found.")
    answer: Check = await run(CHECK, CheckInput(claim=claim, passages=list(passages)))
    named = [passages[number - 1] for number in answer.passages if 1 <= number <= len(passages)]
    return Finding(verdict=answer.verdict, reason=answer.reason, passages=tuple(named))


def _nearest_sentence(claim: str, text: str) -> tuple[int, int] | None:
    wanted = find_stems(claim)
    spans = list(split_sentences(text))
    return max(spans, key=lambda span: len(wanted & find_stems(text[slice(*span)])), default=None)
