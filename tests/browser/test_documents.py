"""Documents sent from the browser: progress, failures among good ones, reloads, cancelling, and the drawn pyramid."""

import re
from pathlib import Path

from playwright.async_api import Page, expect


def long_report(path: Path, pages: int) -> Path:
    """Write a report that takes a while to read: a heading and forty sentences with a figure a page."""
    lines = [
        f"# Part {page}\n\n"
        + "\n\n".join(f"Plant {page}-{n} made {page * 1000 + n} valves in 2024." for n in range(40))
        for page in range(1, pages + 1)
    ]
    path.write_text("\n\n".join(lines))
    return path


async def test_a_bad_file_among_good_ones_is_named_with_its_reason(page: Page, tmp_path: Path) -> None:
    good = [tmp_path / "minutes.md", tmp_path / "letter.txt"]
    for file in good:
        file.write_text(f"# {file.stem}\n\nThe board of {file.stem} met on 3 May 2024 and approved $4.5 million.")
    bad = tmp_path / "empty.pdf"
    bad.write_bytes(b"")
    await page.goto("/#/documents")
    await page.get_by_label("Add documents…").set_input_files([*good, bad])
    sent = page.get_by_role("list", name="Documents sent").get_by_role("listitem")
    for file in good:
        await expect(sent.filter(has_text=file.name)).to_contain_text("1 page read")
    await expect(sent.filter(has_text="empty.pdf").get_by_role("alert")).to_contain_text("empty")
    await expect(page.get_by_role("row").filter(has_text="minutes.md")).to_contain_text("ready")


async def test_an_entry_lights_up_what_it_rests_on_down_to_the_page(page: Page) -> None:
    await page.goto("/#/documents")
    await page.get_by_role("link", name=re.compile("Halden.*pdf")).click()
    await page.locator(".level.concepts .entry").first.click()
    await expect(page.locator(".level.concepts .chosen")).to_have_count(1)
    assert await page.locator(".level.abstract .lit").count() == 1
    assert await page.locator(".level.insights .lit").count() > 1
    assert await page.locator(".level.pages .lit").count() >= 1
    await page.locator(".level.pages .entry").first.click()
    reader = page.get_by_role("region", name="Reader")
    await reader.get_by_role("button", name="Beside the original").click()
    beside = page.get_by_role("dialog")
    await expect(beside.locator("iframe")).to_have_attribute("src", re.compile(r"^blob:.*#page=1$"))
    await page.keyboard.press("Escape")
    await expect(beside).to_have_count(0)


async def test_a_reload_in_the_middle_shows_every_event_once(page: Page, tmp_path: Path) -> None:
    await page.goto("/#/documents")
    await page.get_by_label("Add documents…").set_input_files(long_report(tmp_path / "reloaded.md", pages=30))
    await page.get_by_role("row").filter(has_text="reloaded.md").get_by_role("link", name="watch").click()
    events = page.get_by_role("table", name="Events").locator("tbody tr")
    await expect(events.filter(has_text="pyramid.page_read").first).to_be_visible()
    await page.reload()
    await expect(events.filter(has_text="run.succeeded")).to_be_visible()
    numbers = [int(text) for text in await events.locator("td:first-child").all_inner_texts()]
    assert numbers == list(range(1, len(numbers) + 1))


async def test_reading_is_cancelled_from_its_page(page: Page, tmp_path: Path) -> None:
    await page.goto("/#/documents")
    await page.get_by_label("Add documents…").set_input_files(long_report(tmp_path / "cancelled.md", pages=120))
    row = page.get_by_role("row").filter(has_text="cancelled.md")
    await row.get_by_role("link", name="watch").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".status.cancelled").first).to_be_visible()
    await page.goto("/#/documents")
    await expect(row).to_contain_text("Reading was cancelled.")
    await expect(row.get_by_role("button", name="Try again")).to_be_visible()
