"""What a project holds and is connected to: recollections with their history, webhooks, sources and keys."""

import re

from playwright.async_api import Page, expect

STATED = "The fiscal year of Halden ends on December 31."


async def test_something_stated_is_remembered_with_its_history_and_forgotten(page: Page) -> None:
    await page.goto("/#/collections/default?tab=recollections")
    await page.get_by_label("Something that holds for this collection").fill(STATED)
    await page.get_by_role("button", name="Remember").click()
    kept = page.get_by_role("listitem").filter(has_text=STATED)
    await kept.get_by_text("History").click()
    await expect(kept.get_by_role("table")).to_contain_text("person")
    await kept.get_by_role("button", name=f"Forget: {STATED}").click()
    await expect(page.locator(".status.current").filter(has=page.get_by_text(STATED))).to_have_count(0)


async def test_a_webhook_shows_its_secret_once_and_is_disabled_and_deleted(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto("/#/collections?tab=webhooks")
    await page.get_by_label("Address").fill("https://example.com/told")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator(".told code")).to_have_text(re.compile("^whsec_"))
    row = page.get_by_role("row").filter(has_text="https://example.com/told")
    await row.get_by_role("button", name="Disable").click()
    await expect(row.locator(".status")).to_have_text("disabled")
    await row.get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)


async def test_a_source_tells_its_address_and_secret(page: Page) -> None:
    await page.goto("/#/collections?tab=sources")
    await page.get_by_label("Name").fill("intake")
    await page.get_by_role("button", name="Make it").click()
    await expect(page.locator(".told")).to_contain_text("/v1/hooks/")
    await expect(page.get_by_role("row").filter(has_text="intake")).to_contain_text("never")


async def test_a_run_shows_its_steps_and_calls_on_one_time_axis(page: Page) -> None:
    await page.goto("/#/research")
    await page.get_by_label("Question").fill("What were Halden's total net sales in the third quarter of 2025?")
    await page.get_by_role("button", name="Ask").click()
    await page.get_by_role("link", name="Log and calls").click()
    steps = page.get_by_role("table", name="Steps and calls")
    await expect(steps.locator("tr.step").filter(has_text="plan")).to_have_count(1)
    await expect(steps.get_by_role("row").filter(has_text="research.plan")).to_contain_text("offline")
