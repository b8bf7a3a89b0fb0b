"""Nodes before and after the windows: convert, describe, concepts, abstract, publish."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import UUID

from langgraph.runtime import Runtime
from langgraph.types import Command, Send
from pydantic import BaseModel, TypeAdapter

from app.agents.base import Context
from app.agents.pyramid.concepts import pick_key_figures
from app.agents.pyramid.entries import Chunk, document_metadata, key_insights, make_entries
from app.agents.pyramid.prompts import DESCRIBE, FIND_CONCEPTS, WRITE_ABSTRACT
from app.agents.pyramid.quality import measure_document, measure_pages
from app.agents.pyramid.schemas import (
    Abstract,
    AbstractInput,
    Card,
    ConceptsFound,
    ConceptsInput,
    DescribeInput,
    Drop,
    Insight,
    Numbered,
    PyramidOutput,
)
from app.agents.pyramid.state import ChunksState, ChunkState, DocumentState, PyramidState, SegmentState
from app.agents.pyramid.window import final_insights, plan_segments
from app.db import Json
from app.knowledge.discrepancies import WORTH_KEEPING

Goto = Command[Any]

FIRST_PAGES = 4
CHUNK_PAGES = 8
CHUNK_INSIGHTS = 400
ABSTRACT_INSIGHTS = 40
LOADED_WINDOWS = 64

INSIGHTS, DROPS = TypeAdapter(list[Insight]), TypeAdapter(list[Drop])


class StoredChunk(BaseModel):
    """What a chunk's row holds: its insights, and once found, its concepts."""

    keys: list[str]
    insights: list[Insight]


async def convert(state: PyramidState, runtime: Runtime[Context]) -> Json:
    """Turn the bytes into pages and store them. Raises ConversionFailed with a sentence for people."""
    context = runtime.context
    context.emit("run.progressed", key="convert", stage="converting", done=0, total=1, unit="documents")
    reading = await context.knowledge.begin_reading(UUID(state["input"]["document_id"]))
    converted = await context.converter.convert(
        reading.content, filename=reading.filename, media_type=reading.media_type
    )
    await context.knowledge.save_pages(reading.document_id, reading.version, converted)
    return {
        "input": {**state["input"], "version": reading.version},
        "filename": reading.filename,
        "title": converted.title,
        "page_count": len(converted.pages),
    }


async def describe(state: PyramidState, runtime: Runtime[Context]) -> Goto:
    """Fill in the document's card, then send a reader to each segment; the pages are embedded meanwhile."""
    context = runtime.context
    pages = await context.knowledge.load_pages(_document(state), state["input"]["version"])
    notes = [table.unit_note for page in pages for table in page.tables if table.unit_note]
    seen = DescribeInput(filename=state["filename"], title=state["title"], pages=pages[:FIRST_PAGES], unit_notes=notes)
    card = await context.run(DESCRIBE, seen)
    segments = plan_segments(state["page_count"], int(context.options.get("window_segments", 1)))
    update = {"card": card.model_dump(mode="json"), "segments": segments, "read": 0, "reused": 0}
    document: DocumentState = {"input": state["input"]}
    return Command(update=update, goto=[*_readers(state, card, segments), Send("embed_pages", document)])


async def plan_concepts(state: PyramidState, runtime: Runtime[Context]) -> Goto:
    """Gather the insights of all windows and cut them into chunks of neighbouring pages."""
    context, version = runtime.context, state["input"]["version"]
    insights = final_insights(await _load_insights(state, context), state["segments"])
    context.emit("pyramid.insights_found", key=f"insights:{version}", insights=len(insights))
    sends, keys = [], []
    for number, chunk in enumerate(_cut(insights), start=1):
        key = f"chunk:{sha256(chunk.model_dump_json().encode()).hexdigest()}"
        await context.knowledge.save_window(_document(state), key, chunk.model_dump(mode="json"))
        task: ChunkState = {"input": state["input"], "card": state["card"], "number": number, "chunk": key}
        sends.append(Send("find_concepts", task))
        keys.append(key)
    embedded: ChunksState = {"input": state["input"], "chunks": keys}
    return Command(goto=[*sends, Send("embed_insights", embedded)] if sends else "write_abstract")


async def find_concepts(state: ChunkState, runtime: Runtime[Context]) -> Goto:
    """Find the concepts of one chunk; a chunk that was seen before keeps those it has."""
    context, document_id = runtime.context, UUID(state["input"]["document_id"])
    key = f"{context.models.engine} {FIND_CONCEPTS.version} concepts of {state['chunk']}"
    rows = await context.knowledge.find_windows(document_id, [key, state["chunk"]])
    kept = rows.get(key)
    if kept is None:
        chunk = StoredChunk.model_validate(rows[state["chunk"]])
        found = await context.run(FIND_CONCEPTS, _concepts_input(chunk, Card.model_validate(state["card"])))
        kept = found.model_dump(mode="json")
        await context.knowledge.save_window(document_id, key, kept)
    context.emit(
        "pyramid.concepts_found",
        key=f"concepts:{state['input']['version']}:{state['number']}",
        concepts=[concept["text"][:200] for concept in kept["concepts"]],
    )
    return Command(update={"chunks": {f"{state['number']:05}": f"{state['chunk']} {key}"}}, goto="write_abstract")


async def write_abstract(state: PyramidState, runtime: Runtime[Context]) -> Json:
    """Write the abstract from the concepts and the insights that weigh most."""
    context = runtime.context
    chunks = await _chunks(state, context)
    card = Card.model_validate(state["card"])
    texts = [insight.text for chunk in chunks for insight in chunk.insights]
    chief = pick_key_figures(texts, card)
    weighty = list(dict.fromkeys([*chief, *texts]))[:ABSTRACT_INSIGHTS]
    concepts = [concept.text for chunk in chunks for concept in chunk.concepts]
    context.emit("run.progressed", key="abstract", stage="writing the abstract", done=0, total=1, unit="abstracts")
    abstract = await context.run(
        WRITE_ABSTRACT,
        AbstractInput(card=card, filename=state["filename"], concepts=concepts[:100], insights=weighty),
    )
    return {"abstract": abstract.text}


async def publish(state: PyramidState, runtime: Runtime[Context]) -> Json:
    """Embed everything and show the new pyramid in one transaction."""
    context, document_id, version = runtime.context, _document(state), state["input"]["version"]
    chunks, pages = await _chunks(state, context), await context.knowledge.load_pages(document_id, version)
    insights = [insight for chunk in chunks for insight in chunk.insights]
    dropped = await _load_drops(state, context)
    card = Card.model_validate(state["card"])
    by_page = await asyncio.to_thread(measure_pages, pages, insights, dropped)
    context.emit("run.progressed", key="publish", stage="embedding and storing", done=0, total=1, unit="documents")
    await context.knowledge.publish(
        document_id,
        version,
        make_entries(chunks, Abstract(text=state["abstract"])),
        title=card.title or state["title"] or state["filename"],
        card=card.model_dump(mode="json"),
        metadata=document_metadata(card),
        quality=measure_document(pages, insights, dropped, by_page),
        page_quality=by_page,
    )
    await context.knowledge.prune_windows(document_id, _list_windows(state))
    output = PyramidOutput(
        engine=context.models.engine,
        document_id=document_id,
        version=version,
        pages=len(pages),
        insights=len(insights),
        concepts=sum(len(chunk.concepts) for chunk in chunks),
        dropped=len(dropped),
        windows_read=state["read"],
        windows_reused=state["reused"],
    )
    return {"output": output.model_dump(mode="json")}


async def compare_figures(state: PyramidState, runtime: Runtime[Context]) -> Json:
    """Compare the document's figures with those of its collection and keep what differs."""
    context = runtime.context
    outcomes = await context.knowledge.compare_figures(_document(state))
    found = sum(outcomes[kind] for kind in WORTH_KEEPING)
    context.emit("pyramid.compared", key=f"compared:{state['input']['version']}", discrepancies=found, **outcomes)
    return {"output": {**state["output"], "discrepancies": found}}


def _document(state: PyramidState) -> UUID:
    return UUID(state["input"]["document_id"])


def _readers(state: PyramidState, card: Card, segments: list[tuple[int, int]]) -> list[Send]:
    readers = []
    for first, last in segments:
        reader: SegmentState = {
            "input": state["input"],
            "filename": state["filename"],
            "page_count": state["page_count"],
            "card": card.model_dump(mode="json"),
            "segments": len(segments),
            "first": first,
            "last": max(last - 1, 1),
        }
        readers.append(Send("read_segment", reader))
    return readers


async def _load_insights(state: PyramidState, context: Context) -> dict[int, list[Insight]]:
    """Return the insights of each window, by its first page, loaded some windows at a time."""
    keys = sorted((int(start), key) for start, key in state["windows"].items())
    insights: dict[int, list[Insight]] = {}
    for at in range(0, len(keys), LOADED_WINDOWS):
        some = dict(keys[at : at + LOADED_WINDOWS])
        kept = await context.knowledge.find_windows(_document(state), list(some.values()), part="insights")
        insights |= {start: INSIGHTS.validate_python(kept.get(key) or []) for start, key in some.items()}
    return insights


def _list_windows(state: PyramidState) -> set[str]:
    chunks = (key for keys in state.get("chunks", {}).values() for key in keys.split(" ", 1))
    return {*state["windows"].values(), *chunks}


async def _load_drops(state: PyramidState, context: Context) -> list[Drop]:
    keys = [key for _, key in sorted((int(start), key) for start, key in state["windows"].items())]
    kept = await context.knowledge.find_windows(_document(state), keys, part="dropped")
    drops = [drop for key in keys for drop in DROPS.validate_python(kept.get(key) or [])]
    return list({(drop.page, drop.text): drop for drop in drops}.values())


def _cut(insights: list[Insight]) -> list[StoredChunk]:
    chunks: list[StoredChunk] = []
    for key, insight in zip(key_insights(insights), insights, strict=True):
        last = chunks[-1] if chunks else None
        full = last is None or (
            last.insights[-1].page != insight.page
            and (insight.page - last.insights[0].page >= CHUNK_PAGES or len(last.insights) >= CHUNK_INSIGHTS)
        )
        if last is None or full:
            last = StoredChunk(keys=[], insights=[])
            chunks.append(last)
        last.keys.append(key)
        last.insights.append(insight)
    return chunks


def _concepts_input(chunk: StoredChunk, card: Card) -> ConceptsInput:
    numbered = [Numbered(number=n, page=i.page, text=i.text) for n, i in enumerate(chunk.insights, start=1)]
    pages = {insight.page for insight in chunk.insights}
    topics = [insight.topic for insight in chunk.insights]
    return ConceptsInput(card=card, insights=numbered, topics=topics, wanted=len(pages))


async def _chunks(state: PyramidState, context: Context) -> list[Chunk]:
    """Return the chunks in page order; `chunks` of the state names the rows of each chunk and of its concepts."""
    pairs = [keys.partition(" ")[::2] for _, keys in sorted(state.get("chunks", {}).items())]
    kept = await context.knowledge.find_windows(_document(state), [key for pair in pairs for key in pair])
    chunks = []
    for chunk_key, concepts_key in pairs:
        chunk = StoredChunk.model_validate(kept.get(chunk_key) or {"keys": [], "insights": []})
        concepts = ConceptsFound.model_validate(kept.get(concepts_key) or {"concepts": []}).concepts
        chunks.append(Chunk(keys=chunk.keys, insights=chunk.insights, concepts=concepts))
    return chunks
