"""Evidence and material for a debate: from the collection, and from the texts sent along."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from app.agents.base import Context
from app.agents.debate.schemas import DebateInput
from app.agents.debate.tasks import Dispute
from app.errors import AppError
from app.knowledge.claims.checker import LEVELS
from app.knowledge.claims.find import cut_sources, search_passages
from app.knowledge.claims.rank import rank_passages
from app.knowledge.claims.types import Passage
from app.knowledge.claims.words import find_stems
from app.knowledge.types import Filters, Level

MAX_EVIDENCE = 32
MAX_INSIGHTS = 24
PAGES_A_QUERY = 2
MAX_MATERIAL = 20
MAX_DISPUTES = 50
MATERIAL: tuple[Level, ...] = ("insight", "concept")
FALLBACK_THEME = "changes, differences and risks"


async def find_filters(context: Context, input: DebateInput) -> Filters | None:
    """Return what evidence searches are limited to; None when the debate uses no collection. Raises NotFound."""
    if input.collection is None:
        return None
    ids = await context.knowledge.resolve_collections([input.collection])
    return Filters(collection_ids=tuple(ids), levels=LEVELS)


async def find_evidence(context: Context, input: DebateInput, queries: Sequence[str]) -> list[Passage]:
    """Return at most 32 passages that bear on the queries, those of the sources and of the collection in turns."""
    filters = await find_filters(context, input)
    found = [] if filters is None else await search_collection(context, list(dict.fromkeys(queries)), filters)
    given = rank_passages(" ".join(queries), cut_sources(input.sources), limit=MAX_EVIDENCE // 2)
    return interleave(given, found)[:MAX_EVIDENCE]


async def search_collection(context: Context, queries: Sequence[str], filters: Filters) -> list[Passage]:
    """Return what insights say to each query in turn, at most 24, then sentences of pages."""

    async def search(query: str, level: Level, limit: int) -> list[Passage]:
        narrowed = replace(filters, levels=(level,))
        return await search_passages(query, knowledge=context.knowledge, filters=narrowed, limit=limit)

    insights = [await search(query, "insight", MAX_INSIGHTS) for query in queries]
    pages = [await search(query, "page", PAGES_A_QUERY) for query in queries]
    return name_owners([*interleave(*insights)[:MAX_INSIGHTS], *interleave(*pages)])


def name_owners(passages: Sequence[Passage]) -> list[Passage]:
    """Give each passage without a context the name that the figures found in its document are most often of."""
    owners: dict[UUID | None, Counter[str]] = {}
    for passage in passages:
        owners.setdefault(passage.document_id, Counter()).update(slot.entity for slot in passage.slots)
    commonest = {document: names.most_common(1)[0][0] for document, names in owners.items() if names}
    return [
        passage.model_copy(update={"context": passage.context or commonest.get(passage.document_id, "")})
        for passage in passages
    ]


async def list_disputes(context: Context, input: DebateInput) -> list[Dispute]:
    """Return where documents of the collection disagree and nobody has settled it, on the theme where there is one."""
    filters = await find_filters(context, input)
    if filters is None:
        return []
    found = await context.knowledge.list_discrepancies(filters.collection_ids, limit=MAX_DISPUTES)
    theme = find_stems(input.theme)
    return [
        Dispute(
            text=each.entry.text,
            filename=each.entry.filename,
            other_text=each.other.text,
            other_filename=each.other.filename,
        )
        for each in found
        if not theme or theme & find_stems(f"{each.entry.text} {each.other.text}")
    ]


async def list_material(context: Context, input: DebateInput) -> list[str]:
    """Return statements of the sources and the documents that a topic may be made of."""
    given = [passage.text for passage in cut_sources(input.sources)][:MAX_MATERIAL]
    try:
        filters = await find_filters(context, input)
    except AppError:
        return given
    if filters is None:
        return given
    hits = await context.knowledge.search(
        input.theme or FALLBACK_THEME,
        filters=Filters(collection_ids=filters.collection_ids, levels=MATERIAL),
        limit=MAX_MATERIAL,
    )
    return [*given, *(hit.entry.text for hit in hits)]


def interleave(*lists: Sequence[Passage]) -> list[Passage]:
    """Return the first of each list, then the second of each, and so on; every passage once."""
    rounds = itertools.zip_longest(*lists)
    return list({passage.id: passage for turn in rounds for passage in turn if passage is not None}.values())
