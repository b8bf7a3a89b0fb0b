"""One search from its question to its ranked entries: both legs, then what the caller wants beyond them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db import Sessions
from app.knowledge.effort import Effort
from app.knowledge.embedding_models import ModelSwitched
from app.knowledge.folding import fold
from app.knowledge.routing import OVERVIEW_LEVELS, ROUTED, find_routes, gain, weigh_pages
from app.knowledge.scope import Scope, open_scope
from app.knowledge.search import Query, SearchWeights, search
from app.knowledge.types import Filters, Hit
from app.knowledge.walk import rank_with_walk

WIDTH = 100
"""How many hits are ranked anew where more than the legs count."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """What a search does beyond its two legs: find the document first, walk along names, fold near-duplicates."""

    route: bool = False
    walk: bool = False
    fold: bool = False


@dataclass(frozen=True, kw_only=True)
class Finder:
    """A search under way in one session, beside which it may open another; `timed` measures its parts.

    With `follows` the model must be the one that searches read now.
    """

    session: AsyncSession
    sessions: Sessions
    project_id: UUID
    model_id: int
    dimension: int
    follows: bool
    weights: SearchWeights
    effort: Effort
    timed: Callable[[str], AbstractContextManager[None]]

    async def find(self, query: Query, filters: Filters, *, limit: int, ways: Ways) -> list[Hit]:
        """Return the best `limit` entries; fewer than match only where near-duplicates are folded.

        Raises ModelSwitched when searches read another model's vectors by now.
        """
        scope = await self._open_scope(filters)
        if self.follows and scope.current_model_id != self.model_id:
            raise ModelSwitched
        more = ways.route or ways.walk or ways.fold
        with self.timed("hybrid"):
            hits = await self._search(scope, query, max(limit, WIDTH) if more else limit)
        if ways.route:
            with self.timed("route"):
                hits = await self._route(scope, query, hits)
        if ways.walk:
            with self.timed("walk"):
                hits = await rank_with_walk(self.session, scope, query, hits)
        return (fold(hits) if ways.fold else hits)[:limit]

    async def _route(self, scope: Scope, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """Search the likeliest documents on their own and let entries gain by their document and their page."""
        overview = await self._open_scope(replace(scope.filters, levels=OVERVIEW_LEVELS, page_from=None, page_to=None))
        routes = await find_routes(self.session, scope, overview, query, hits, effort=self.effort)
        within = replace(scope.filters, document_ids=tuple(route.document_id for route in routes[:ROUTED]))
        if not within.document_ids:
            return list(hits)
        inner = await self._search(await self._open_scope(within), query, len(hits))
        evidence = {}
        if "page" in scope.levels:
            insights = await self._open_scope(replace(within, levels=("insight",)))
            evidence = weigh_pages(await self._search(insights, query, WIDTH))
        found = {hit.entry.id: hit for hit in (*hits, *inner)}
        return gain(found.values(), routes, evidence)

    async def _search(self, scope: Scope, query: Query, limit: int) -> list[Hit]:
        return await search(
            self.session,
            scope,
            query,
            limit=limit,
            weights=self.weights,
            effort=self.effort,
            beside=self.sessions,
        )

    async def _open_scope(self, filters: Filters) -> Scope:
        return await open_scope(
            self.session,
            self.project_id,
            filters,
            model_id=self.model_id,
            dimension=self.dimension,
            effort=self.effort,
        )
