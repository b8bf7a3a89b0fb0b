"""The front end of the README, served from an address of its own, listens to a run."""

from playwright.async_api import Page, Route, expect

from tests.support.docs import blocks_of
from tests.support.processes import ROOT


async def test_the_page_of_the_readme_shows_a_run_as_it_comes(page: Page, console: str, elsewhere: str) -> None:
    [block] = [block for block in blocks_of(ROOT / "README.md") if block.language == "html"]
    html = block.code.replace("http://127.0.0.1:8000", console)

    async def serve(route: Route) -> None:
        await route.fulfill(body=html, content_type="text/html")

    await page.route(f"{elsewhere}/**", serve)
    await page.goto(f"{elsewhere}/listen.html")
    await page.get_by_role("button", name="Ask").click()
    shown = page.locator("#log")
    await expect(shown).to_contain_text("research.searched")
    await expect(shown).to_contain_text("run.succeeded")
