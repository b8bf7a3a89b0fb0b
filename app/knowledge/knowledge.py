"""Knowledge: one project's store as agents and routes receive it. Opens and commits its own sessions."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.convert import document
from app.convert.document import Converted
from app.db import Json, Sessions, open_single
from app.errors import Invalid, NotFound
from app.fetch import Fetcher
from app.knowledge import collections, discrepancies, documents, entries, publishing, recollections, store
from app.knowledge.current_model import CurrentModel, ModelInUse
from app.knowledge.effort import Effort
from app.knowledge.embedding_models import ModelSwitched
from app.knowledge.finder import Finder, Ways
from app.knowledge.intake import save_fetched
from app.knowledge.lexical import lexemes
from app.knowledge.listeners import Listeners
from app.knowledge.models import Discrepancy
from app.knowledge.opposites import Statements, list_near_statements
from app.knowledge.passages import embed_texts
from app.knowledge.publishing import OnMade, Vectors
from app.knowledge.recollection_history import Author
from app.knowledge.recollections import Wording
from app.knowledge.reranking import RERANKED, Rerank
from app.knowledge.rows import document_view, page_view, recollection_view
from app.knowledge.sampling import Sample, keep_sample
from app.knowledge.scope import open_scope
from app.knowledge.search import Query, SearchWeights
from app.knowledge.types import (
    Direction,
    DiscrepancyView,
    DocumentView,
    EntryView,
    Filters,
    Hit,
    Level,
    NewEntry,
    PageView,
    Reading,
    RecollectionKind,
    RecollectionView,
    Step,
)
from app.knowledge.walk import walk as walk_from
from app.llm.embedding import Embedder

MAX_QUERY_CHARACTERS = 8_000
MAX_RECOLLECTION_CHARACTERS = 2_000


class Knowledge:
    """Search, reading and ingestion bound to one project. No session is open while the embedder works."""

    def __init__(
        self,
        sessions: Sessions,
        embedder: Embedder | CurrentModel,
        project_id: UUID,
        *,
        weights: SearchWeights | None = None,
        effort: Effort | None = None,
        fetcher: Fetcher | None = None,
        listeners: Listeners | None = None,
        sample_share: float = 0.0,
    ) -> None:
        self._sessions = sessions
        self._sample_share = sample_share
        self._models = embedder if isinstance(embedder, CurrentModel) else CurrentModel(sessions, embedder)
        self._project_id = project_id
        self._weights = weights or SearchWeights()
        self._effort = effort or Effort()
        self._fetcher = fetcher or Fetcher()
        self._listeners = listeners or Listeners()
        self._vectors = Vectors()

    async def search(
        self,
        query: str,
        *,
        filters: Filters = Filters(),  # noqa: B008
        limit: int = 20,
        ways: Ways = Ways(),  # noqa: B008
        rerank: Rerank | None = None,
    ) -> list[Hit]:
        """Return the entries nearest to a query by words and meaning, best first: min(limit, matching) of them.

        `ways` may rank further by the documents asked about or by names, and fold what says the same; `rerank` orders
        the best anew.
        """
        if self._listeners.on_search:
            self._listeners.on_search()
        query, wanted = _clean(query), max(limit, RERANKED if rerank else 0)
        try:
            hits = await self._find(await self._models.get_seen(), query, filters, limit=wanted, ways=ways)
        except ModelSwitched:
            hits = await self._find(await self._models.get(), query, filters, limit=wanted, ways=ways)
        if rerank is not None:
            with self._timed("rerank"):
                hits = await rerank(query, hits)
        return hits[:limit]

    async def _find(self, model: ModelInUse, query: str, filters: Filters, *, limit: int, ways: Ways) -> list[Hit]:
        asked = await self._read_query(query, model)
        async with self._sessions() as session:
            finder = Finder(
                session=session,
                sessions=self._sessions,
                project_id=self._project_id,
                model_id=model.id,
                dimension=model.embedder.dimension,
                follows=self._models.follows,
                weights=self._weights,
                effort=self._effort,
                timed=self._timed,
            )
            hits = await finder.find(asked, filters, limit=limit, ways=ways)
            if random.random() < self._sample_share:
                await keep_sample(session, Sample(project_id=self._project_id, query=query, filters=filters))
                await session.commit()
        return hits

    async def walk(self, entry_ids: Sequence[UUID], *, query: str = "", limit: int = 20) -> list[Step]:
        """Return up to `limit` entries one step from these: sources, dependants, siblings, what sums up the document,
        entries opening with a name that these mention, similar ones elsewhere. Names are ordered by a query's meaning.
        """
        starts = await self.list_entries(entry_ids)
        if not starts:
            return []
        model = await self._models.get()
        asked = await self._read_query(_clean(query or starts[0].text), model)
        async with self._sessions() as session:
            scope = await open_scope(
                session,
                self._project_id,
                Filters(),
                model_id=model.id,
                dimension=model.embedder.dimension,
                effort=self._effort,
            )
            return await walk_from(session, scope, starts, vector=asked.vector, limit=limit)

    async def _read_query(self, query: str, model: ModelInUse) -> Query:
        with self._timed("embed"):
            [vector] = await model.embedder.embed([query])
        return Query(text=query, lexemes=lexemes(query), vector=vector)

    async def get_entry(self, entry_id: UUID) -> EntryView:
        """Return an entry. Raises NotFound."""
        found = await self.list_entries([entry_id])
        if not found:
            raise NotFound("There is no such entry.")
        return found[0]

    async def list_entries(self, ids: Sequence[UUID]) -> list[EntryView]:
        """Return the entries of these ids in this order; unknown ones are left out."""
        async with self._sessions() as session:
            return await entries.list_entries(session, self._project_id, ids)

    async def list_linked(self, entry_id: UUID, direction: Direction, limit: int = 50) -> list[EntryView]:
        """Return what an entry was made from, what was made from it, or what shares a source with it."""
        async with self._sessions() as session:
            return await entries.list_linked(session, self._project_id, entry_id, direction=direction, limit=limit)

    async def list_documents(self, collection_ids: Sequence[UUID]) -> list[DocumentView]:
        """Return the documents of some collections (none named: of the project) in the order they came."""
        async with self._sessions() as session:
            found = await documents.list_documents(session, self._project_id, collection_ids=collection_ids)
            return [document_view(row) for row in found]

    async def get_document(self, document_id: UUID) -> DocumentView:
        """Return a document. Raises NotFound."""
        async with self._sessions() as session:
            return document_view(await documents.get_document(session, self._project_id, document_id))

    async def find_documents(self, ids: Iterable[UUID]) -> dict[UUID, DocumentView]:
        """Return documents by id; those that are gone are left out."""
        async with open_single(self._sessions) as session:
            return {
                row.id: document_view(row) for row in await documents.find_documents(session, self._project_id, ids)
            }

    async def get_page(self, document_id: UUID, number: int) -> PageView:
        """Return a page of the published version. Raises NotFound."""
        async with self._sessions() as session:
            found = await documents.get_document(session, self._project_id, document_id)
            return page_view(await documents.get_page(session, found, number), found.filename)

    async def find_facts(
        self,
        *,
        filters: Filters,
        measure_terms: Sequence[str] = (),
        periods: Sequence[str] = (),
        entities: Sequence[str] = (),
        limit: int = 200,
    ) -> list[EntryView]:
        """Return entries with a fact whose measure has all the terms, of one of the periods and entities (if named)."""
        async with self._sessions() as session:
            return await entries.find_facts(
                session,
                self._project_id,
                filters=filters,
                measure_terms=measure_terms,
                periods=periods,
                entities=entities,
                limit=limit,
            )

    async def resolve_collections(self, names_or_ids: Sequence[str]) -> list[UUID]:
        """Return the ids of collections by name or id, `default` for none. Raises NotFound with the name."""
        async with self._sessions.begin() as session:
            return await collections.resolve_collections(session, self._project_id, names_or_ids)

    async def begin_reading(self, document_id: UUID) -> Reading:
        """Mark a document as being read and return the bytes of its pending version, fetched if need be.

        Raises NotFound, and for a document given by its URL AddressRefused, FetchFailed, TooLarge.
        """
        async with self._sessions.begin() as session:
            reading = await documents.begin_reading(session, self._project_id, document_id)
        if not reading.source_url:
            return reading
        fetched = await self._fetcher.fetch(reading.source_url)
        async with self._sessions.begin() as session:
            return await save_fetched(session, self._project_id, reading, fetched)

    async def save_pages(self, document_id: UUID, version: int, converted: Converted) -> None:
        """Store the converted pages of a version. Raises NotFound when the document is gone."""
        async with self._sessions.begin() as session:
            await documents.save_pages(session, self._project_id, document_id, version=version, converted=converted)

    async def load_pages(
        self, document_id: UUID, version: int, *, numbers: Sequence[int] | None = None
    ) -> list[document.Page]:
        """Return the stored pages of a version in order, all or those of `numbers`."""
        async with open_single(self._sessions) as session:
            return await documents.load_pages(session, self._project_id, document_id, version, numbers)

    async def find_windows(
        self, document_id: UUID, hashes: Sequence[str], *, part: str | None = None
    ) -> dict[str, Any]:
        """Return by hash what reading windows of a document gave, or one part of it; those never read are left out."""
        async with open_single(self._sessions) as session:
            return await documents.find_windows(session, self._project_id, document_id, hashes, part=part)

    async def save_window(self, document_id: UUID, hash: str, result: Json) -> None:
        """Store what reading a window gave. Raises NotFound when the document is gone."""
        async with open_single(self._sessions) as session:
            await documents.save_window(session, self._project_id, document_id, hash=hash, result=result)

    async def prune_windows(self, document_id: UUID, hashes: AbstractSet[str]) -> None:
        """Forget what reading a document's windows gave, but for those of `hashes`: its next version needs no other."""
        async with self._sessions.begin() as session:
            await documents.prune_windows(session, document_id, hashes)

    async def embed_ahead(
        self, document_id: UUID, level: Level, told: Iterable[tuple[int, str]], *, on_made: OnMade | None = None
    ) -> None:
        """Make vectors of entries to come, by page and text, and keep them in memory until they are published."""
        await publishing.embed_ahead(self._sessions, self._models, document_id, level, told, self._vectors, on_made)

    async def publish(
        self,
        document_id: UUID,
        version: int,
        new_entries: Sequence[NewEntry],
        *,
        title: str,
        card: Json,
        metadata: dict[str, Any],
        quality: Json,
        page_quality: dict[int, Json],
    ) -> None:
        """Show a version's pyramid in place of the old one, in one transaction; page entries are made here.

        An entry whose level, text and pages are unchanged keeps its id and its embedding. Raises NotFound when the
        document has been deleted meanwhile, Conflict when a newer version is being read.
        """
        pages = await self.load_pages(document_id, version)
        drafts = await asyncio.to_thread(store.draft_entries, pages, new_entries, metadata)
        publication = store.Publication(
            document_id=document_id,
            version=version,
            drafts=drafts,
            title=title,
            card=card,
            metadata=metadata,
            quality=quality,
            page_quality=page_quality,
        )
        await publishing.publish(self._sessions, self._models, self._project_id, publication, self._vectors)

    async def compare_figures(self, document_id: UUID) -> Counter[str]:
        """Keep what a published document's figures contradict; count how pairs compared. Raises NotFound when gone."""
        async with self._sessions.begin() as session:
            pairs, outcomes = await discrepancies.find_figure_pairs(session, self._project_id, document_id)
            await self._keep_pairs(session, document_id, pairs, of_text=False)
        return outcomes

    async def list_near_statements(self, document_id: UUID) -> list[Statements]:
        """Return sentences of a document beside those of its collection that may exclude them, nearest first."""
        model = await self._models.get()
        async with self._sessions() as session:
            return await list_near_statements(
                session, self._project_id, document_id, model_id=model.id, dimension=model.embedder.dimension
            )

    async def keep_conflicts(self, document_id: UUID, conflicts: Sequence[tuple[UUID, UUID, str]]) -> int:
        """Keep pairs that exclude each other (the document's entry, another's, why), count them. Raises NotFound."""
        async with self._sessions.begin() as session:
            pairs = await discrepancies.find_text_pairs(session, document_id, conflicts)
            await self._keep_pairs(session, document_id, pairs, of_text=True)
        return len(pairs)

    async def _keep_pairs(
        self, session: AsyncSession, document_id: UUID, pairs: Sequence[discrepancies.Pair], *, of_text: bool
    ) -> None:
        new = await discrepancies.keep_pairs(session, self._project_id, document_id, pairs, of_text=of_text)
        if new and self._listeners.on_discrepancies is not None:
            await self._listeners.on_discrepancies(session, new)

    async def list_discrepancies(
        self,
        collection_ids: Sequence[UUID] = (),
        *,
        entry_ids: Sequence[UUID] = (),
        settled: bool | None = False,
        limit: int = 50,
    ) -> list[DiscrepancyView]:
        """Return discrepancies, newest first: of some collections, touching some entries, open ones unless asked."""
        query = discrepancies.select_discrepancies(
            self._project_id, collection_ids=collection_ids, entry_ids=entry_ids, settled=settled
        )
        async with self._sessions() as session:
            rows = list(await session.scalars(query.order_by(Discrepancy.id.desc()).limit(limit)))
            return await discrepancies.view_discrepancies(session, self._project_id, rows)

    async def word_recollection(self, text: str) -> Wording:
        """Return a text ready to be remembered, embedded and with its words known to the index. Raises Invalid."""
        said = " ".join(text.replace("\x00", " ").split())
        if not said or len(said) > MAX_RECOLLECTION_CHARACTERS:
            raise Invalid(f"A recollection has 1 to {MAX_RECOLLECTION_CHARACTERS} characters.")
        draft = store.draft_entry(NewEntry(key="r", level="recollection", text=said, pages=()))
        model = await self._models.get()
        [draft.embedding] = await embed_texts(model.embedder, [said])
        async with self._sessions.begin() as session:
            await store.ensure_terms(session, self._project_id, [draft])
        return Wording(draft=draft, model_id=model.id)

    async def add_recollection(
        self,
        text: str,
        *,
        sources: Sequence[UUID] = (),
        kind: RecollectionKind = "learned",
        actor: str,
        run_id: UUID | None = None,
        reason: str = "",
        collection_id: UUID | None = None,
    ) -> RecollectionView:
        """Remember a text; one that says the same already is confirmed instead. It belongs to its sources' collection.

        Raises Invalid when a learned text does not rest on two passages of documents at least (recollections don't
        count) or has a figure none of them has, NotFound for unknown sources.
        """
        wording = await self.word_recollection(text)
        author = Author(actor=actor, run_id=run_id, reason=reason)
        async with self._sessions.begin() as session:
            made, _ = await recollections.add_recollection(
                session,
                self._project_id,
                wording,
                author=author,
                kind=kind,
                sources=sources,
                collection_id=collection_id,
            )
            return recollection_view(made, (await recollections.list_sources(session, [made.id]))[made.id])

    @contextmanager
    def _timed(self, leg: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        if self._listeners.on_timed:
            self._listeners.on_timed(leg, time.perf_counter() - began)


def _clean(query: str) -> str:
    return query.replace("\x00", " ")[:MAX_QUERY_CHARACTERS]
