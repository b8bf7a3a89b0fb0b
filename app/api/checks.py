"""The claim checker as a route: a text in, its claims with verdicts and evidence out."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from app.api.deps import KnowledgeDep, open_models
from app.api.errors import problems
from app.errors import Invalid, ModelFailed, NotFound
from app.knowledge.claims.checker import LEVELS, check_text
from app.knowledge.claims.tasks import OFFLINE
from app.knowledge.claims.types import CheckedClaim, Source
from app.knowledge.types import Filters
from app.llm.runner import ModelRunner

router = APIRouter(prefix="/v1/checks", tags=["checks"])

EXAMPLE: JsonDict = {"text": "Apple's total net sales were $81,797 million in the three months ended July 1, 2023."}


class CheckRequest(BaseModel):
    """A text to check against a collection, and against texts sent along."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": EXAMPLE})

    text: str = Field(min_length=1, max_length=20_000)
    collection: str | None = Field("default", description="a name or id; null to use only `sources`")
    sources: list[Source] = Field(default_factory=list, max_length=20)


class CheckedText(BaseModel):
    """The claims of a text, in its order. `span` counts characters of the text."""

    engine: Literal["openai", "offline"]
    claims: list[CheckedClaim]


@router.post(
    "",
    operation_id="check_claims",
    summary="Check every claim of a text against the evidence",
    responses=problems(NotFound, Invalid, ModelFailed),
)
async def check(
    knowledge: KnowledgeDep, models: Annotated[ModelRunner, Depends(open_models(OFFLINE))], body: CheckRequest
) -> CheckedText:
    filters = None
    if body.collection is not None:
        ids = await knowledge.resolve_collections([body.collection])
        filters = Filters(collection_ids=tuple(ids), levels=LEVELS)
    claims = await check_text(models.run, body.text, knowledge=knowledge, filters=filters, sources=body.sources)
    return CheckedText(engine=models.engine, claims=claims)
