"""A picture of every page; `SYMPOSIUM_PICTURES=docs/images make test` renews those of the docs."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PAGES, open_page

DARK = {"run", "recollections"}
RUNS = {"report", "debate", "run"}


@pytest.mark.parametrize("name", PAGES)
async def test_a_picture_is_taken(page: Page, addresses: dict[str, str], name: str, tmp_path: Path) -> None:
    folder = Path(os.environ.get("SYMPOSIUM_PICTURES", tmp_path))
    await page.emulate_media(color_scheme="dark" if name in DARK else "light", reduced_motion="reduce")
    await open_page(page, addresses[name])
    if name in RUNS:
        await expect(page.locator(".status.succeeded").first).to_be_visible()
    taken = folder / f"console-{name}.png"
    await page.screenshot(path=taken, animations="disabled")
    assert taken.stat().st_size > 5_000
