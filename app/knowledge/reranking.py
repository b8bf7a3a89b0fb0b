"""Ranking the best hits of a search anew by a model that reads the question beside each passage."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pydantic import BaseModel

from app.knowledge.types import Hit
from app.llm.prompting import delimit
from app.llm.task import OfflineFunctions, Task

Rerank = Callable[[str, Sequence[Hit]], Awaitable[list[Hit]]]
"""Hits of a question, best first → the same hits in a better order."""
Run = Callable[..., Awaitable[Any]]

RERANKED = 20
"""How many of the best hits are read; the rest follow as they were."""
MAX_CHARACTERS = 1_500
HIGHEST = 10

INSTRUCTIONS = f"""You judge how well numbered passages answer a question. Give one score a passage, in their order: \
{HIGHEST} for one that answers it in full, 5 for one that answers a part or is needed to find the answer, 0 for one \
that has nothing to do with it. The same words are not enough: company, period and measure must be those asked about."""


class RerankInput(BaseModel):
    """A question and the passages found for it."""

    question: str
    passages: list[str]


class Relevance(BaseModel):
    """How well each passage answers, 0 to 10, in the order given."""

    scores: list[int]


def _render(input: RerankInput) -> str:
    passages = [delimit(passage, f"passage {number}") for number, passage in enumerate(input.passages, 1)]
    return "\n\n".join([delimit(input.question, "question"), *passages])


def _find_problems(input: RerankInput, output: Relevance) -> list[str]:
    if len(output.scores) != len(input.passages):
        return [f"There are {len(input.passages)} passages, but {len(output.scores)} scores."]
    return [] if all(0 <= score <= HIGHEST for score in output.scores) else [f"Scores are from 0 to {HIGHEST}."]


RERANK = Task(
    name="search.rerank",
    version=1,
    role="reranker",
    instructions=INSTRUCTIONS,
    input=RerankInput,
    output=Relevance,
    render=_render,
    max_output_tokens=400,
    check=_find_problems,
)


def build_rerank(run: Run) -> Rerank:
    """Return a re-ranking by a model's scores, one call a search; equal scores keep the order of the search."""

    async def rerank(question: str, hits: Sequence[Hit]) -> list[Hit]:
        read, rest = hits[:RERANKED], hits[RERANKED:]
        if len(read) < 2:
            return list(hits)
        passages = [hit.entry.text[:MAX_CHARACTERS] for hit in read]
        judged: Relevance = await run(RERANK, RerankInput(question=question, passages=passages))
        scored = sorted(zip(judged.scores, read, strict=True), key=lambda pair: -pair[0])
        return [hit for _, hit in scored] + list(rest)

    return rerank


def score_offline(input: RerankInput) -> Relevance:
    """Give every passage the same score: without a model the order of the search stands."""
    return Relevance(scores=[HIGHEST] * len(input.passages))


OFFLINE: OfflineFunctions = {RERANK.name: score_offline}
