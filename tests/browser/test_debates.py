"""Debates watched, and joined as Con."""

import re

from playwright.async_api import Page, expect

TOPIC = "Halden Instruments depends too much on one supplier"
SPEECH = "Halden has three service regions and a growing software business, so one supplier does not decide its fate."
MOST_TURNS = 8


async def test_a_debate_is_watched_to_its_verdict(page: Page) -> None:
    await page.goto("/")
    await page.get_by_label("Question or topic").fill(TOPIC)
    await page.get_by_text("Debate", exact=True).click()
    await page.get_by_role("button", name="Go").click()
    for side in ("Pro", "Con"):
        await expect(page.get_by_role("region", name=side).get_by_role("article").first).to_be_visible()
    await expect(page.get_by_role("heading", name=re.compile("wins|tie"))).to_be_visible()
    await expect(page.get_by_role("region", name="Pro").locator("mark").first).to_be_visible()


async def test_a_person_argues_con_and_is_judged(page: Page) -> None:
    await page.goto("/#/debates")
    await page.get_by_label("Topic").fill(TOPIC)
    await page.get_by_label("I want to").select_option("con")
    await page.get_by_role("button", name="Start the debate").click()
    verdict = page.get_by_role("heading", name=re.compile("wins|tie"))
    turn = page.get_by_label("Your speech")
    for _ in range(MOST_TURNS):
        await expect(turn.or_(verdict).first).to_be_visible()
        if await verdict.count():
            break
        await turn.fill(SPEECH)
        asked = await turn.element_handle()
        await page.get_by_role("button", name="Speak").click()
        assert asked is not None
        await asked.wait_for_element_state("hidden")
    await expect(verdict).to_be_visible()
    await expect(page.get_by_role("region", name="Con")).to_contain_text("three service regions")
