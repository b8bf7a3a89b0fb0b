"""The front end of the README, served from an address of its own, listens to a run."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.support.docs import blocks_of
from tests.support.processes import ROOT


@pytest.fixture
def listening_page(console: str, elsewhere: str, tmp_path: Path) -> Iterator[str]:
    """The address of the page, on a server that is not ours."""
    [block] = [block for block in blocks_of(ROOT / "README.md") if block.language == "html"]
    (tmp_path / "listen.html").write_text(block.code.replace("http://127.0.0.1:8000", console))
    address = ("127.0.0.1", urlsplit(elsewhere).port or 0)
    with ThreadingHTTPServer(address, partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"{elsewhere}/listen.html"
        server.shutdown()


async def test_the_page_of_the_readme_shows_a_run_as_it_comes(page: Page, listening_page: str) -> None:
    await page.goto(listening_page)
    await page.get_by_role("button", name="Ask").click()
    shown = page.locator("#log")
    await expect(shown).to_contain_text("research.searched")
    await expect(shown).to_contain_text("run.succeeded")
