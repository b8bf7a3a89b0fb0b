"""Files that break readers, one ingestion each through the API and a worker: does each end as it should?

`manifest.json` beside the files says of each its `path` and what another reader saw (`probe`). From
these, what is right (`expect`):

- it "opens" with characters, or is a text, a sheet or an Office package that could be opened: `ready`, with words on a
  page; where the other reader had to repair it first, saying that it is damaged is right too;
- it "opens" with 0 characters, or holds only white space: `ready` where characters were recognised on a picture of a
  page, else a refusal that says there is no text;
- it needs a password: a refusal that says so;
- it could not be opened or showed no page, is binary data, or is a kind that is not read: any refusal.

Office files may hold pictures only, so for them "no text" is right as well. A refusal, at upload or by the run, must be
a sentence and not tell of a crash. `hung`: reading a file took longer than `--seconds`, or its run showed no progress
for five minutes; `longest_still_seconds` is the longest that one stood still. `over_memory`: the worker or a process of
its reader held more than 1 GiB. `rows_left`: rows in any table that name a document which is not ready, but for its own
row and its bytes, kept for another try.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import httpx2
import psutil
from sqlalchemy import text

from app.db import Json
from app.log import configure_logging
from app.main import create_app
from app.resources import Resources
from benchmarks.support import open_service, over_documents, report, say

ONE_GIB = 2**30
STILL_SECONDS = 300.0
WATCH_SECONDS = 0.1

Expected = Literal["ready", "repaired", "office", "empty", "password", "refused"]

LIMITS = {"convert_memory_mb": 1024, "convert_processes": 1, "log_level": "WARNING"}
REASONS: dict[Expected, str] = {
    "repaired": r"damaged|truncated|can't be read",
    "office": r"no (?:text|cells)",
    "empty": r"no text|no rows|no cells|empty|OCR",
    "password": r"encrypt|password|protected",
    "refused": r"\w",
}
CRASHED = re.compile(r"stopped the reader|internal|Traceback|stopped its worker")
HUNG = re.compile(r"took longer than")

LEFT = text("""
select table_name from information_schema.columns
where column_name = 'document_id' and table_schema = 'public' and table_name not in ('documents', 'document_contents')
""")

NOT_READY = "select count(*) from {table} t join documents d on d.id = t.document_id where d.status <> 'ready'"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one file ended."""

    path: str
    status: str
    reason: str
    expected: str
    right: bool
    crashed: bool
    hung: bool
    seconds: float
    still_seconds: float
    peak_mb: int


def expect(path: str, probe: str) -> Expected:
    """Return what is right for a file, by the rules above."""
    opened = re.search(r"opens: (\d+) pages, (\d+) chars", probe)
    if "encrypted; opens with" in probe or ("BadZipFile" in probe and "protect" in path):
        return "password"
    if opened:
        pages, characters = map(int, opened.groups())
        if not characters:
            return "empty" if pages else "refused"
        return "repaired" if "repaired" in probe else "ready"
    if probe.startswith("zip ok"):
        return "office"
    if "detected None" in probe or "Error" in probe or "BadZipFile" in probe or path.endswith(".rtf"):
        return "refused"
    return "empty" if re.search(r"empty|whitespace", path) else "ready"


def is_right(expected: Expected, status: str, reason: str, *, has_words: bool) -> bool:
    """Whether a file ended as it should."""
    if status == "ready":
        return has_words and expected != "password"
    is_sentence = len(reason) >= 20 and reason.rstrip()[-1] in ".!?"
    wanted = REASONS.get(expected)
    return wanted is not None and is_sentence and re.search(wanted, reason) is not None and not CRASHED.search(reason)


class Watch:
    """The most memory any process under the worker has held since the last file, the longest its runs stood still."""

    def __init__(self, worker: asyncio.subprocess.Process) -> None:
        self._worker = psutil.Process(worker.pid)
        self.peak = 0
        self.still = 0.0

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            for process in self._processes():
                try:
                    self.peak = max(self.peak, process.memory_info().rss)
                except psutil.Error:
                    continue
            await asyncio.sleep(WATCH_SECONDS)

    def _processes(self) -> list[psutil.Process]:
        try:
            return [self._worker, *self._worker.children(recursive=True)]
        except psutil.Error:
            return []


async def ingest(http: httpx2.AsyncClient, path: Path, watch: Watch) -> tuple[str, str, list[str]]:
    """Upload a file and wait for its end; return status, reason, and the ids of the documents that are ready."""
    sent = await http.post("/v1/documents", files={"file": (path.name, path.read_bytes())})
    body = sent.json()
    if sent.status_code >= 400:
        return "refused", str(body["detail"]), []
    made = [each for each in body.get("members", [body]) if each["document"]]
    ends = [await wait_for_end(http, each["run"], watch) for each in made]
    ready = [each["document"]["id"] for each, reason in zip(made, ends, strict=True) if not reason]
    reasons = [*ends, *(each.get("problem") or "" for each in body.get("members", []))]
    return ("ready", "", ready) if ready else ("failed", " ".join(filter(None, reasons)), [])


async def wait_for_end(http: httpx2.AsyncClient, run: Json | None, watch: Watch) -> str:
    """Wait for a run; return why it failed, "" when it succeeded or there was nothing to read anew."""
    seen, since = None, time.monotonic()
    while run is not None:
        run = (await http.get(f"/v1/runs/{run['id']}")).json()
        if run["status"] in ("succeeded", "failed", "cancelled"):
            return str((run.get("error") or {}).get("detail", ""))
        if seen != (run["status"], run["progress"]):
            seen, since = (run["status"], run["progress"]), time.monotonic()
        watch.still = max(watch.still, time.monotonic() - since)
        if time.monotonic() > since + STILL_SECONDS:
            return f"A step of the run took longer than {STILL_SECONDS:g} seconds."
        await asyncio.sleep(WATCH_SECONDS)
    return ""


async def has_words(http: httpx2.AsyncClient, document: str) -> bool:
    """Whether a page of the document holds text other than remarks about the page."""
    pages = (await http.get(f"/v1/documents/{document}")).json()["page_count"]
    for number in range(1, min(pages, 50) + 1):
        markdown = (await http.get(f"/v1/documents/{document}/pages/{number}")).json()["markdown"]
        if re.search(r"\w", re.sub(r"^\*[^*\n]+\*$", "", markdown, flags=re.MULTILINE)):
            return True
    return False


async def try_file(http: httpx2.AsyncClient, folder: Path, row: Json, watch: Watch) -> Outcome:
    """Ingest one file of the manifest and judge how it ended."""
    watch.peak, watch.still = 0, 0.0
    begun = time.perf_counter()
    status, reason, ready = await ingest(http, folder / row["path"], watch)
    seconds = time.perf_counter() - begun
    expected = expect(row["path"], row["probe"])
    words = any([await has_words(http, document) for document in ready])
    return Outcome(
        path=row["path"],
        status=status,
        reason=reason,
        expected=expected,
        right=is_right(expected, status, reason, has_words=words),
        crashed=CRASHED.search(reason) is not None,
        hung=HUNG.search(reason) is not None,
        seconds=round(seconds, 1),
        still_seconds=round(watch.still, 1),
        peak_mb=watch.peak // 2**20,
    )


async def count_left(resources: Resources) -> int:
    """Return how many rows name a document that is not ready, but for its own and its bytes."""
    async with resources.sessions() as session:
        tables = list(await session.scalars(LEFT))
        counts = [await session.scalar(text(NOT_READY.format(table=table))) for table in tables]
    return sum(count or 0 for count in counts)


@asynccontextmanager
async def open_worker(resources: Resources) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker process with the settings of these resources."""
    settings = resources.settings
    given = {f"SYMPOSIUM_{name.upper()}": str(getattr(settings, name)) for name in settings.model_fields_set}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.worker",
        env={**os.environ, **given},
        stdout=sys.stderr,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def open_http(resources: Resources) -> AsyncIterator[httpx2.AsyncClient]:
    """Open the API in this process, and a client of it."""
    app = create_app(resources.settings)
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app):
        async with httpx2.AsyncClient(transport=transport, base_url="http://messy", timeout=60) as http:
            yield http


async def measure(folder: Path, *, seconds: float) -> None:
    """Try every file of the manifest, one line of JSON each, then the figures."""
    configure_logging(level="WARNING")
    rows = json.loads((folder / "manifest.json").read_text())
    outcomes: list[Outcome] = []
    async with (
        open_service(**LIMITS, convert_seconds=seconds) as resources,
        open_http(resources) as http,
        open_worker(resources) as worker,
    ):
        watch = Watch(worker)
        watching = asyncio.create_task(watch.run())
        for row in rows:
            outcome = await try_file(http, folder, row, watch)
            outcomes.append(outcome)
            print(json.dumps(asdict(outcome)), flush=True)
            if not outcome.right:
                say(f"not right: {outcome}")
        lives = worker.returncode is None
        watching.cancel()
        left = await count_left(resources)
    figures: Json = {
        "files": len(outcomes),
        "right": sum(outcome.right for outcome in outcomes),
        "crashed": sum(outcome.crashed for outcome in outcomes) + (not lives),
        "hung": sum(outcome.hung for outcome in outcomes),
        "over_memory": sum(outcome.peak_mb * 2**20 > ONE_GIB for outcome in outcomes),
        "rows_left": left,
        "longest_still_seconds": max(outcome.still_seconds for outcome in outcomes),
        "slowest_seconds": max(outcome.seconds for outcome in outcomes),
        "peak_mb": max(outcome.peak_mb for outcome in outcomes),
    }
    report(((name, figures[name]) for name in figures), figures)


def main() -> None:
    """Read the command line and measure."""
    parser = over_documents(__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="how long reading one file may take")
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.documents, seconds=chosen.seconds))


if __name__ == "__main__":
    main()
