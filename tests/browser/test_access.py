"""Every page for everyone: axe finds nothing serious, the keyboard reaches all, phones show all."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PAGES, open_page

SEEN = {"serious", "critical"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
async def test_axe_finds_nothing_serious(page: Page, addresses: dict[str, str], name: str, scheme: str) -> None:
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await open_page(page, addresses[name])
    found = await Axe().run(page)
    serious = [
        (rule["id"], [node["html"] for node in rule["nodes"]])
        for rule in found.response["violations"]
        if rule["impact"] in SEEN
    ]
    assert serious == []


@pytest.mark.parametrize("name", PAGES)
async def test_a_phone_needs_no_sideways_scrolling(page: Page, addresses: dict[str, str], name: str) -> None:
    await page.set_viewport_size({"width": 375, "height": 720})
    await open_page(page, addresses[name])
    assert await page.evaluate("document.documentElement.scrollWidth") <= 375


async def test_a_question_is_asked_and_its_page_opened_with_the_keyboard_alone(page: Page) -> None:
    await page.goto("/")
    await expect(page.get_by_label("Question or topic")).to_be_visible()
    await tab_to(page, "TEXTAREA")
    await page.keyboard.type("What were Halden's total net sales in the third quarter of 2025?")
    await tab_to(page, "BUTTON", "Go")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("$698.4 million")
    await tab_to(page, "BUTTON", "pg. ")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("region", name="Reader").locator(".evidence").first).to_be_visible()


async def tab_to(page: Page, tag: str, text: str = "") -> None:
    """Press Tab until an element of this kind with this text has the focus."""
    for _ in range(80):
        await page.keyboard.press("Tab")
        focused: list[str] = await page.evaluate(
            "[document.activeElement.tagName, document.activeElement.innerText ?? '']"
        )
        if focused[0] == tag and text in focused[1]:
            return
    pytest.fail(f"Tab never reached {tag} {text}")


async def test_nothing_is_asked_of_another_host(browser: Browser, console: str, addresses: dict[str, str]) -> None:
    context = await browser.new_context(base_url=console)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for address in addresses.values():
        await open_page(page, address)
    await context.close()
    assert [url for url in asked if not url.startswith((console, "blob:", "data:"))] == []


async def test_a_page_that_is_not_there_shows_the_way_back(page: Page) -> None:
    await page.goto("/#/nowhere")
    await page.get_by_role("link", name="Go to the start").click()
    await expect(page.get_by_label("Question or topic")).to_be_visible()
