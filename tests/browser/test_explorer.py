"""The API explorer works without the internet."""

from playwright.async_api import Browser, expect


async def test_a_route_is_tried_from_the_explorer_with_files_of_our_own_host(browser: Browser, console: str) -> None:
    context = await browser.new_context(base_url=console)
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/docs")
    route = page.locator("#operations-collections-list_collections")
    await route.locator(".opblock-summary").click()
    await route.get_by_role("button", name="Execute").click()
    await expect(route.locator(".live-responses-table .highlight-code").first).to_contain_text("default")
    await context.close()
    assert [url for url in asked if not url.startswith((console, "data:"))] == []
