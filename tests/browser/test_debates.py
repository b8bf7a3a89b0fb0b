"""Debates watched, and joined as Con."""

import re

from playwright.async_api import Page, expect

TOPIC = "Halden Instruments depends too much on one supplier"
SPEECH = "Halden has three service regions and a growing software business, so one supplier does not decide its fate."
FALSE = "Overtime and travel cost $3.9 million in the third quarter of 2025."
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


async def test_a_refuted_draft_comes_back_with_its_evidence_and_the_turn_can_be_given_up(page: Page) -> None:
    await page.goto("/#/debates")
    await page.get_by_label("Topic").fill(TOPIC)
    await page.get_by_label("I want to").select_option("con")
    await page.get_by_text("Order, length and judges").click()
    await page.get_by_label("Judges").fill("1")
    await page.get_by_role("button", name="Start the debate").click()
    speech = page.get_by_label("Your speech")
    await speech.fill(FALSE)
    await page.get_by_role("button", name="Speak").click()
    await expect(page.get_by_text("Your draft was sent back.")).to_be_visible()
    await expect(speech).to_have_value(FALSE)
    await expect(page.locator("form blockquote").first).to_contain_text("$2.4 million")
    await page.get_by_text("pieces of evidence to quote").click()
    await page.get_by_role("button", name="Quote E1", exact=True).click()
    await expect(speech).to_have_value(re.compile(r"\[E1\]"))
    await page.get_by_role("button", name="Give the turn up").click()
    await expect(page.get_by_role("region", name="Con")).to_contain_text("forfeited")
    await expect(page.get_by_role("region", name="Pro").get_by_role("article").first).to_contain_text("We speak for")
