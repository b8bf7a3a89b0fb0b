"""The console in Debian's Chromium, served by `symposium up` on an empty data folder with the samples."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.support.up import Up, free_port

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MILLISECONDS = 60_000.0
REPORT = "Halden Instruments 2025 Q3 Report.pdf"
PAGES = [
    "home", "documents", "document", "research", "report", "debates", "debate", "runs", "run",
    "collections", "webhooks", "sources", "keys", "overview", "discrepancies", "recollections",
]  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; skips where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("There is no Chromium on the PATH; Debian's package is called chromium.")
    return path


@pytest.fixture(scope="session")
def elsewhere() -> str:
    """The address of a front end of somebody else's, whose pages may call the service."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def console(chromium: str, elsewhere: str) -> Iterator[str]:
    """The address of a service that has read its samples."""
    with tempfile.TemporaryDirectory(prefix="symposium-console-") as name:
        up = Up(Path(name), port := free_port(), SYMPOSIUM_CORS_ORIGINS=json.dumps([elsewhere]))
        up.wait_for("Symposium is ready.")
        yield f"http://127.0.0.1:{port}"
        up.process.terminate()
        up.end()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    expect.set_options(timeout=MILLISECONDS)
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, console: str) -> AsyncIterator[Page]:
    """An empty page whose console must stay free of errors."""
    context = await browser.new_context(base_url=console, viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(MILLISECONDS)
    page = await context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.extend(complaint(message)))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    await context.close()
    assert said == []


def complaint(message: ConsoleMessage) -> list[str]:
    """An error in the browser's console; an answer of the service that a page shows in words is none."""
    refused = message.text.startswith("Failed to load resource: the server responded with a status of 4")
    return [message.text] if message.type == "error" and not refused else []


@pytest.fixture(scope="session")
def addresses(console: str) -> dict[str, str]:
    """The address of every page, those of one thing with a sample's."""
    with httpx2.Client(base_url=console, headers={"Prefer": "wait=60"}, timeout=90) as http:
        question = "What were Halden's total net sales in the third quarter of 2025?"
        research = http.post("/v1/research", json={"question": question, "format": "report"}).json()["id"]
        debate = http.post("/v1/debates", json={"topic": "Halden depends on one supplier"}).json()["id"]
        documents = {item["filename"]: item["id"] for item in http.get("/v1/documents").json()["data"]}
    sections = {name: name for name in ("documents", "research", "debates", "runs", "collections")}
    tabs = {name: f"collections?tab={name}" for name in ("webhooks", "sources", "keys")}
    about = {name: f"collections/default?tab={name}" for name in ("overview", "discrepancies", "recollections")}
    paths = {
        **sections,
        **tabs,
        **about,
        "home": "",
        "document": f"documents/{documents[REPORT]}/pages/2",
        "report": f"research/{research}",
        "debate": f"debates/{debate}",
        "run": f"runs/{research}",
    }
    return {name: f"/#/{path}" for name, path in paths.items()}


async def open_page(page: Page, address: str) -> None:
    """Open a page and wait until it has all it shows."""
    await page.goto(address)
    await expect(page.locator("h1").first).to_be_visible()
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    await page.wait_for_load_state("networkidle")
