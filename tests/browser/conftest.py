"""The console in Debian's Chromium, served by `symposium up` on an empty data folder with the samples."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; skips where there is none."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("There is no Chromium on the PATH; Debian's package is called chromium.")
    return path


@pytest.fixture(scope="session")
def console(chromium: str) -> Iterator[str]:
    """The address of a service that has read its samples."""
    with tempfile.TemporaryDirectory(prefix="symposium-console-") as name:
        up = Up(Path(name), port := free_port())
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
