"""What ingestion costs beside the model, and how quickly it goes.

`python -m benchmarks.ingest` runs a real worker against the stub model server: 20 documents of 50 pages at once, at
each of the `--delay`s a model call may take, by each of the numbers of `--workers` that share the calls; twice 1,000
pages for the worker's memory; one document with one segment and with eight; a document of 60 pages of which one
changes. Then the offline engine reads the PDFs of a folder, conversion and the rest apart.

`utilisation` is the time of an ideal schedule, in which nothing takes time but the model, over the time taken. The
stub model answers from this process, whose CPU time is given apart: on few cores it has its share in what is missing.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import heapq
import itertools
import json
import re
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psutil
from pydantic import SecretStr
from sqlalchemy import func, select

from app.agents.pyramid import AGENT
from app.agents.pyramid.nodes import CHUNK_PAGES
from app.agents.pyramid.schemas import PyramidInput
from app.convert.document import Converted
from app.db import DEFAULT_PROJECT, Json
from app.knowledge.collections import ensure_default
from app.knowledge.documents import create_document, get_document, replace_content
from app.knowledge.models import Entry
from app.llm.models import LlmCall
from app.resources import Resources
from app.runs.admit import admit
from app.runs.dispatch import Delivery, Dispatcher, open_dispatcher
from app.runs.models import TERMINAL, Run
from app.settings import Settings
from benchmarks.support import ingest, open_service, report, say
from tests.support.processes import running_worker
from tests.support.stub_openai import Received, StubOpenAI

SENTENCE = re.compile(r"Region \d+-\d+ of Halden Instruments had net sales of [^.]+\.\d million in fiscal year 2024\.")
PAGE = re.compile(r'<data-(?P<mark>\w+) name="page (?P<number>\d+)">\n(?P<text>.*?)\n</data-(?P=mark)>', re.DOTALL)
FILLER = "The weather on the coast was mild and dry for most of the long season there. " * 36
FIGURES_A_PAGE = 6
COMPARISONS = 2
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 600.0


def write_document(name: str, pages: int, *, changed: int = 0) -> str:
    """Return Markdown whose every part is a page of its own, with six figures each; one page may have others."""
    return "\n\n".join(_write_page(name, page, shift=page == changed) for page in range(1, pages + 1))


def _write_page(name: str, page: int, *, shift: bool) -> str:
    amounts = [page * 100 + line + (7 if shift else 0) for line in range(FIGURES_A_PAGE)]
    told = [
        f"Region {page}-{line} of Halden Instruments had net sales of ${amount}.{line} million in fiscal year 2024."
        for line, amount in enumerate(amounts)
    ]
    return f"# {name}, part {page}\n\n{' '.join(told)}\n\n{FILLER}"


def answer(request: Received) -> str | None:
    """Answer as a model that copies sentences: each task is known by the fields of its schema."""
    fields = (request.schema or {}).get("properties", {})
    if "short_name" in fields:
        return json.dumps({"title": "Regions", "issuer": "Halden Instruments", "short_name": "Halden Instruments"})
    if "edits" in fields:
        _, _, known = request.prompt.partition('name="insights">')
        pages = [(int(match["number"]), match["text"]) for match in PAGE.finditer(request.prompt)]
        said = [(number, text) for number, page in pages for text in SENTENCE.findall(page) if text not in known]
        return json.dumps({"edits": [{"op": "add", "page": number, "text": text} for number, text in said]})
    if "concepts" in fields:
        return json.dumps({"concepts": [{"text": "Halden Instruments sells in regions.", "numbers": [1]}]})
    return None


def find_ideal(documents: int, pages: int, *, segments: int, slots: int, delay: float) -> float:
    """Return the seconds a schedule without any overhead takes: calls start in order as slots and inputs allow."""
    free = [0.0] * slots
    waiting = [(0.0, document, "describe", 0) for document in range(documents)]
    windows = [(pages - 1) // segments + (s < (pages - 1) % segments) for s in range(segments)]
    left = {(document, "read"): segments for document in range(documents)}
    chunks = -(-pages // CHUNK_PAGES)
    left |= {(document, "concepts"): chunks for document in range(documents)}
    end = 0.0
    while waiting:
        ready, document, step, more = heapq.heappop(waiting)
        end = max(ready, heapq.heappop(free)) + delay
        heapq.heappush(free, end)
        if step == "describe":
            following = [("read", count - 1) for count in windows]
        elif step == "read" and more:
            following = [("read", more - 1)]
        elif step in ("read", "concepts"):
            left[document, step] -= 1
            done = not left[document, step]
            following = [("concepts", 0)] * chunks if done and step == "read" else [("abstract", 0)] if done else []
        elif step == "abstract":
            following = [("compare", 0)] * COMPARISONS
        else:
            following = []
        for name, count in following:
            heapq.heappush(waiting, (end, document, name, count))
    return max(free)


class Workers(tuple[psutil.Process, ...]):
    """The worker processes of a measurement."""

    @property
    def cpu_seconds(self) -> float:
        """The CPU time all of them took so far."""
        times = [process.cpu_times() for process in self]
        return float(sum(each.user + each.system for each in times))

    @property
    def memory_mb(self) -> float:
        """The memory all of them hold, in MiB."""
        return float(sum(process.memory_info().rss for process in self)) / 2**20


@dataclass(kw_only=True)
class Bench:
    """A worker's surroundings: the store, the queues, the stub, and settings to start workers with."""

    resources: Resources
    dispatcher: Dispatcher
    stub: StubOpenAI
    settings: Settings
    folder: Path

    async def upload(self, name: str, text: str) -> tuple[UUID, UUID]:
        """Store a document and queue the run that reads it; return both ids."""
        async with self.resources.sessions.begin() as session:
            home = await ensure_default(session, DEFAULT_PROJECT)
            made = await create_document(
                session, DEFAULT_PROJECT, home.id, filename=f"{name}.md", media_type="", content=text.encode()
            )
        return made.id, await self.queue(made.id, version=1)

    async def replace(self, document_id: UUID, text: str) -> UUID:
        """Store a new version and queue the run that reads it."""
        async with self.resources.sessions.begin() as session:
            found = await get_document(session, DEFAULT_PROJECT, document_id)
            await replace_content(session, found, filename=found.filename, media_type="", content=text.encode())
        return await self.queue(document_id, version=2)

    async def queue(self, document_id: UUID, *, version: int) -> UUID:
        """Admit a run and put it on the queue."""
        async with self.resources.sessions.begin() as session:
            input = PyramidInput(document_id=document_id, version=version)
            run = await admit(session, project_id=DEFAULT_PROJECT, agent=AGENT, input=input, engine="openai")
        await self.dispatcher.enqueue_many([Delivery.of(run)])
        return run.id

    async def until_ended(self, run_ids: Sequence[UUID]) -> AsyncIterator[None]:
        """Come back every now and then until all runs have ended well. Raises RuntimeError for one that has not."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            async with self.resources.sessions() as session:
                rows = (await session.execute(select(Run.status, Run.error).where(Run.id.in_(run_ids)))).all()
            if bad := [error for status, error in rows if status in TERMINAL - {"succeeded"}]:
                raise RuntimeError(f"A run failed: {bad[0]}")
            if all(status == "succeeded" for status, _ in rows):
                return
            yield
            await asyncio.sleep(POLL_SECONDS)
        raise RuntimeError("The runs did not end in time.")

    async def wait_for(self, run_ids: Sequence[UUID]) -> None:
        """Wait until all runs have ended well."""
        async for _ in self.until_ended(run_ids):
            pass

    async def time_run(self, run_id: UUID) -> float:
        """Wait until a run has ended well; return the seconds from its admission to its end."""
        await self.wait_for([run_id])
        async with self.resources.sessions() as session:
            run = await session.get_one(Run, run_id)
        assert run.finished_at is not None
        return (run.finished_at - run.created_at).total_seconds()

    @contextlib.contextmanager
    def working(self, *, segments: int, documents: int, workers: int = 1) -> Iterator[Workers]:
        """Run workers that read so many documents at once, each in so many segments, and share the calls allowed."""
        chosen = {
            "window_segments": segments,
            "bulk_concurrency": -(-documents // workers),
            "model_concurrency": self.settings.model_concurrency // workers,
        }
        settings = self.settings.model_copy(update=chosen)
        with contextlib.ExitStack() as stack:
            started = [stack.enter_context(running_worker(settings, self.folder)) for _ in range(workers)]
            yield Workers(psutil.Process(worker.pid) for worker in started)

    def span(self) -> tuple[float, int]:
        """Return the seconds from the first model call to the last, the last one's delay included, and their count."""
        calls = [each.at for each in self.stub.chats]
        return max(calls) - min(calls) + self.stub.delay, len(calls)


@contextlib.asynccontextmanager
async def open_bench(delay: float, concurrency: int) -> AsyncIterator[Bench]:
    """Start servers and stub."""
    with StubOpenAI(models=["stub-model"], delay=delay) as stub, tempfile.TemporaryDirectory() as folder:
        stub.answer_with(answer)
        chosen = {
            "engine": "openai",
            "openai_base_url": stub.url,
            "openai_api_key": SecretStr("benchmark"),
            "model": "stub-model",
            "model_concurrency": concurrency,
            "model_cache": False,
            "embedder": "openai",
            "embedding_dimension": 64,
        }
        stub.dimension = 64
        async with open_service(**chosen) as resources, open_dispatcher(resources.redis_url) as dispatcher:
            yield Bench(
                resources=resources,
                dispatcher=dispatcher,
                stub=stub,
                settings=resources.settings,
                folder=Path(folder),
            )


async def read_at_once(bench: Bench, name: str, documents: int, pages: int, workers: Workers) -> float:
    """Read documents at once; return the peak of the workers' memory in MiB."""
    bench.stub.received.clear()
    uploads = [await bench.upload(f"{name} {n}", write_document(f"{name} {n}", pages)) for n in range(documents)]
    peak = 0.0
    async for _ in bench.until_ended([run_id for _, run_id in uploads]):
        peak = max(peak, workers.memory_mb)
    return peak


async def measure_schedule(bench: Bench, args: argparse.Namespace, delay: float, workers: int) -> Json:
    """Read many documents at once in some workers, each model call taking so many seconds."""
    bench.stub.delay = delay
    shape = {"documents": args.documents_at_once, "pages": args.pages}
    ideal = find_ideal(**shape, segments=args.segments, slots=args.concurrency, delay=delay)
    name = f"delay {delay} of {workers}"
    with bench.working(segments=args.segments, documents=args.documents_at_once, workers=workers) as working:
        await read_at_once(bench, f"warm-up: {name}", 2 * workers, 3, working)
        before, own_before = working.cpu_seconds, time.process_time()
        await read_at_once(bench, name, workers=working, **shape)
        cpu, own_cpu = working.cpu_seconds - before, time.process_time() - own_before
    seconds, calls = bench.span()
    say(f"{workers} workers, {calls} calls of {delay:g} s: {seconds:.2f} s, ideal {ideal:.2f} s")
    figures = {
        "utilisation": round(ideal / seconds, 4),
        "ideal_seconds": round(ideal, 3),
        "seconds": round(seconds, 3),
        "calls": calls,
        "worker_cpu_ms_a_call": round(1000 * cpu / calls, 2),
        "stub_cpu_ms_a_call": round(1000 * own_cpu / calls, 2),
    }
    told = f"at_{1000 * delay:.0f}_ms" + (f"_by_{workers}_workers" if workers > 1 else "")
    return {f"{name}_{told}": figure for name, figure in figures.items()}


async def measure_memory(bench: Bench, args: argparse.Namespace) -> Json:
    """Read as many documents twice in one worker; return its memory's peak and how much the second time added."""
    shape = {"documents": args.documents_at_once, "pages": args.pages}
    with bench.working(segments=args.segments, documents=args.documents_at_once) as worker:
        await read_at_once(bench, "memory: warm-up", 1, 3, worker)
        first, second = [await read_at_once(bench, f"memory {n}", workers=worker, **shape) for n in (1, 2)]
    pages = args.documents_at_once * args.pages
    say(f"worker's memory: {first:.0f} MiB at most over {pages} pages, {second:.0f} MiB over {pages} more")
    return {"memory_peak_mb": round(second), "memory_growth_mb": round(second - first, 1)}


async def measure_segments(bench: Bench, args: argparse.Namespace) -> Json:
    """Read one document in one segment and in several; return how many times quicker the latter is."""
    took = {}
    for segments in (1, args.segments):
        with bench.working(segments=segments, documents=1) as worker:
            await read_at_once(bench, f"warm-up {segments}", 1, 3, worker)
            _, run_id = await bench.upload(f"segments {segments}", write_document(f"segments {segments}", args.pages))
            took[segments] = await bench.time_run(run_id)
            say(f"{args.pages} pages in {segments} segments: {took[segments]:.2f} s")
    return {"segment_speedup": round(took[1] / took[args.segments], 2), "segments": args.segments}


async def measure_rereading(bench: Bench, pages: int = 60) -> Json:
    """Change one page of a document; return how many windows are read again, by the ledger, and what keeps its id."""
    with bench.working(segments=8, documents=1):
        document_id, run_id = await bench.upload("living", write_document("living", pages))
        await bench.wait_for([run_id])
        before = await _list_insights(bench, document_id)
        run_id = await bench.replace(document_id, write_document("living", pages, changed=pages // 2))
        await bench.wait_for([run_id])
    after = await _list_insights(bench, document_id)
    windows = select(func.count()).where(LlmCall.run_id == run_id, LlmCall.task == "pyramid.read_window")
    async with bench.resources.sessions() as session:
        again = await session.scalar(windows)
    same = before.keys() & after.keys()
    kept = sum(before[text] == after[text] for text in same)
    return {"windows_read_again": again, "insights_untouched": len(same), "insights_with_their_id": kept}


async def _list_insights(bench: Bench, document_id: UUID) -> dict[str, UUID]:
    query = select(Entry.text, Entry.id).where(Entry.document_id == document_id, Entry.level == "insight")
    async with bench.resources.sessions() as session:
        return {text: entry_id for text, entry_id in await session.execute(query.order_by(Entry.position))}


@dataclass(kw_only=True)
class TimedConverter:
    """The process's converter, with the seconds it took."""

    resources: Resources
    seconds: float = 0.0

    async def convert(self, content: bytes, *, filename: str, media_type: str = "") -> Converted:
        begun = time.perf_counter()
        converted = await self.resources.converter.convert(content, filename=filename, media_type=media_type)
        self.seconds += time.perf_counter() - begun
        return converted


async def measure_offline(paths: Sequence[Path]) -> Json:
    """Read PDFs with the offline engine, one after another; return pages a second, conversion and the rest apart."""
    pages, total = 0, 0.0
    async with open_service() as resources:
        timed = TimedConverter(resources=resources)
        for path in paths:
            begun = time.perf_counter()
            read = await ingest(dataclasses.replace(resources, converter=timed), path)  # type: ignore[arg-type]
            total += time.perf_counter() - begun
            pages += read.pages
            say(f"{path.name}: {read.pages} pages, {read.insights} insights, {time.perf_counter() - begun:.1f} s")
    return {
        "pages": pages,
        "convert_pages_per_second": round(pages / timed.seconds, 2),
        "rest_pages_per_second": round(pages / (total - timed.seconds), 2),
        "pages_per_second": round(pages / total, 2),
    }


async def measure(args: argparse.Namespace) -> Json:
    """Run the parts asked for."""
    figures: Json = {}
    if args.delay:
        async with open_bench(args.delay[0], args.concurrency) as bench:
            for delay, workers in itertools.product(reversed(args.delay), args.workers):
                figures |= await measure_schedule(bench, args, delay, workers)
            figures |= await measure_memory(bench, args)
            figures |= await measure_segments(bench, args)
            figures |= await measure_rereading(bench)
    paths = sorted(args.documents.glob("*.pdf")) if args.documents else []
    if paths:
        figures |= await measure_offline(paths)
    elif args.documents:
        say(f"No PDF in {args.documents}: the offline engine is not measured.")
    return figures


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest", description=__doc__)
    parser.add_argument("--documents", type=Path, default=Path("../shared/data/sec_10q_pdf"), help="folder of PDFs")
    parser.add_argument("--delay", type=float, nargs="*", default=[0.2, 0.8], help="seconds a model call takes")
    parser.add_argument("--concurrency", type=int, default=32, help="model calls at once")
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2], help="processes that share the calls")
    parser.add_argument("--documents-at-once", type=int, default=20)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--segments", type=int, default=8)
    figures = asyncio.run(measure(parser.parse_args()))
    report(figures.items(), figures)


if __name__ == "__main__":
    main()
