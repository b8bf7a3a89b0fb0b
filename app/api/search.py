"""Search over every level of the pyramid."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints

from app.api.deps import KnowledgeDep, open_models
from app.api.errors import problems
from app.errors import Invalid, ModelFailed, NotFound, Unavailable
from app.knowledge.finder import Ways
from app.knowledge.reranking import OFFLINE, build_rerank
from app.knowledge.types import EntryView, Evidence, Fact, Filters, Grounding, Hit, Level
from app.llm.runner import ModelRunner

router = APIRouter(prefix="/v1", tags=["search"])


def _only_text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("a date is written as 2023-07-01")
    return value


Day = Annotated[date, BeforeValidator(_only_text)]


class SearchFilters(BaseModel):
    """Further limits on what is searched."""

    model_config = ConfigDict(extra="forbid")

    page_from: int | None = Field(None, ge=1, le=2**31 - 1, strict=True)
    page_to: int | None = Field(None, ge=1, le=2**31 - 1, strict=True)
    dated_from: Day | None = Field(None, description="First day the document may be about: its period's end.")
    dated_to: Day | None = Field(None, description="Last day; a document without a period has the day it came.")
    metadata: dict[str, str] = Field(default_factory=dict, description="What the document's metadata must equal.")
    include_ungrounded: StrictBool = Field(False, description="Also insights whose figures are not on their page.")


class SearchQuery(BaseModel):
    """What to look for, and where."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"query": "total net sales in the third quarter of 2023", "levels": ["insight"], "limit": 5}
        },
    )

    query: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200_000, pattern=r"\S")]
    collection: str | None = Field(None, description="Id or name; the whole project when left out.")
    levels: list[Level] = Field(default_factory=list, max_length=10, description="All levels when empty.")
    document_ids: list[UUID] = Field(default_factory=list, max_length=1_000)
    filters: SearchFilters = SearchFilters()
    limit: int = Field(20, ge=1, le=200, strict=True)
    route: StrictBool = Field(False, description="Find the documents asked about first; what is in them gains.")
    walk: StrictBool = Field(False, description="Also rank what names in the question lead to, and names in that.")
    fold: StrictBool = Field(False, description="Show near-duplicates once, with the ids of the others.")
    rerank: StrictBool = Field(False, description="Have a model order the best twenty; without one the order stands.")


class SearchResult(BaseModel):
    """An entry with its fused score and its rank in each leg and on the walk (null where that did not find it)."""

    entry_id: UUID
    score: float
    lexical_rank: int | None
    vector_rank: int | None
    walk_rank: int | None
    level: Level
    text: str
    document_id: UUID | None
    filename: str
    collection_id: UUID
    pages: tuple[int, ...]
    grounding: Grounding
    facts: tuple[Fact, ...]
    evidence: tuple[Evidence, ...]
    folded: tuple[UUID, ...]


class SearchResults(BaseModel):
    """Results, best first."""

    results: list[SearchResult]


@router.post(
    "/search",
    operation_id="search",
    summary="Search by words and meaning",
    responses=problems(NotFound, Invalid, Unavailable, ModelFailed),
)
async def search(
    knowledge: KnowledgeDep, models: Annotated[ModelRunner, Depends(open_models(OFFLINE))], body: SearchQuery
) -> SearchResults:
    collection_ids = await knowledge.resolve_collections([body.collection]) if body.collection else []
    filters = Filters(
        collection_ids=tuple(collection_ids),
        document_ids=tuple(body.document_ids),
        levels=tuple(body.levels),
        **body.filters.model_dump(),
    )
    ways = Ways(route=body.route, walk=body.walk, fold=body.fold)
    rerank = build_rerank(models.run) if body.rerank else None
    hits = await knowledge.search(body.query, filters=filters, limit=body.limit, ways=ways, rerank=rerank)
    return SearchResults(results=[_result(hit, hit.entry) for hit in hits])


def _result(hit: Hit, entry: EntryView) -> SearchResult:
    return SearchResult(
        entry_id=entry.id,
        score=hit.score,
        lexical_rank=hit.lexical_rank,
        vector_rank=hit.vector_rank,
        walk_rank=hit.walk_rank,
        level=entry.level,
        text=entry.text,
        document_id=entry.document_id,
        filename=entry.filename,
        collection_id=entry.collection_id,
        pages=entry.pages,
        grounding=entry.grounding,
        facts=entry.facts,
        evidence=entry.evidence,
        folded=hit.folded,
    )
