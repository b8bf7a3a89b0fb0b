"""Finding the document first: what a question says of file names and metadata, then abstracts and concepts.

A word of the question that stands in a document's profile counts by its rarity among the documents; under the binary
independence model (Robertson and Spärck Jones 1976) the sum is the logarithm of how much likelier that document is.
What abstracts and concepts say is added as a share of the best; entries of a document gain by the sum.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.knowledge.effort import Effort
from app.knowledge.profiles import asked_words
from app.knowledge.scope import Scope
from app.knowledge.search import Query, SearchWeights, search
from app.knowledge.types import Hit, Level

ROUTED = 10
"""Documents whose entries are searched on their own."""
OVERVIEW_LEVELS: tuple[Level, ...] = ("abstract", "concept")
OVERVIEW_HITS = 50
RANK_CONSTANT = 60
MAX_TOLD = 5_000

TOLD = """
select d.id, array(select unnest(d.profile) intersect select unnest(cast(:words as text[]))) as words
from documents d
where d.project_id = :project and d.version > 0 and d.profile && cast(:words as text[]) {document_filter}
order by d.id limit {most}
"""

COUNT = "select count(*) from documents d where d.project_id = :project and d.version > 0 {document_filter}"


@dataclass(frozen=True, kw_only=True)
class Route:
    """A document and how likely it is the one asked about: the logarithm of its weight, 0 for the likeliest."""

    document_id: UUID
    weight: float


async def find_routes(
    session: AsyncSession, scope: Scope, overview: Scope, query: Query, hits: Sequence[Hit], *, effort: Effort
) -> list[Route]:
    """Return the documents a question may be about, likeliest first.

    `hits` are what a search found; `overview` is the scope of the levels that sum documents up.
    """
    weights = SearchWeights()
    summed = await search(session, overview, query, limit=OVERVIEW_HITS, weights=weights, effort=effort)
    content = _share_of_best([_documents_of(hits), *(_documents_of(_of_level(summed, lv)) for lv in OVERVIEW_LEVELS)])
    told = await _weigh_told(session, scope, query)
    scores = {each: told.get(each, 0.0) + math.log(content.get(each, _least(content))) for each in {*told, *content}}
    best = max(scores.values(), default=0.0)
    ordered = sorted(scores, key=lambda each: (-scores[each], each))
    return [Route(document_id=each, weight=scores[each] - best) for each in ordered]


def gain(hits: Iterable[Hit], routes: Sequence[Route], evidence: Mapping[tuple[UUID, int], float]) -> list[Hit]:
    """Return hits ranked anew: each gains by its document's weight, a page by the best insight on it."""
    weights = {route.document_id: route.weight for route in routes}
    least = min(weights.values(), default=0.0)
    scored = [
        replace(hit, score=math.exp(_weight_of(hit, weights, least)) * (hit.score + _support(hit, evidence)))
        for hit in hits
    ]
    return sorted(scored, key=lambda hit: (-hit.score, hit.entry.id))


def weigh_pages(insights: Sequence[Hit]) -> dict[tuple[UUID, int], float]:
    """Return pages by document and number with the score of their best insight as a share of the best of all."""
    best = max((hit.score for hit in insights), default=0.0)
    pages: dict[tuple[UUID, int], float] = {}
    for hit in insights:
        if hit.entry.document_id and hit.entry.pages and best:
            pages.setdefault((hit.entry.document_id, hit.entry.pages[0]), hit.score / best)
    return pages


def _weight_of(hit: Hit, weights: Mapping[UUID, float], least: float) -> float:
    return weights.get(hit.entry.document_id, least) if hit.entry.document_id else least


def _support(hit: Hit, evidence: Mapping[tuple[UUID, int], float]) -> float:
    if hit.entry.level != "page" or hit.entry.document_id is None:
        return 0.0
    return evidence.get((hit.entry.document_id, hit.entry.pages[0]), 0.0)


def _of_level(hits: Iterable[Hit], level: Level) -> list[Hit]:
    return [hit for hit in hits if hit.entry.level == level]


def _documents_of(hits: Iterable[Hit]) -> list[UUID]:
    return list(dict.fromkeys(hit.entry.document_id for hit in hits if hit.entry.document_id))


def _share_of_best(rankings: Iterable[Sequence[UUID]]) -> dict[UUID, float]:
    scores: defaultdict[UUID, float] = defaultdict(float)
    for ranking in rankings:
        for rank, document_id in enumerate(ranking, 1):
            scores[document_id] += 1 / (RANK_CONSTANT + rank)
    best = max(scores.values(), default=1)
    return {document_id: score / best for document_id, score in scores.items()}


def _least(content: Mapping[UUID, float]) -> float:
    return min(content.values(), default=1.0) / 2


async def _weigh_told(session: AsyncSession, scope: Scope, query: Query) -> dict[UUID, float]:
    """Return, for the documents whose profile has words of the question, the sum of those words' rarities."""
    sql = TOLD.format(document_filter=scope.document_filter, most=MAX_TOLD)
    rows = (await session.execute(*scope.bind(sql, {"words": sorted(asked_words(query.text))}))).all()
    documents = await session.scalar(*scope.bind(COUNT.format(document_filter=scope.document_filter), {})) or 1
    spread = Counter(word for _, words in rows for word in words)
    return {document_id: sum(math.log(documents / spread[word]) for word in words) for document_id, words in rows}
