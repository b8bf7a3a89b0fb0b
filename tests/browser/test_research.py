"""A question from the first page to the cited page; a plan approved by a person; follow-ups."""

import re

from playwright.async_api import Page, expect

SALES = "What were Halden's total net sales in the third quarter of 2025?"


async def ask(page: Page, question: str) -> None:
    await page.goto("/")
    await page.get_by_label("Question or topic").fill(question)
    await page.get_by_role("button", name="Go").click()


async def test_a_newcomer_asks_a_sample_and_opens_the_cited_page(page: Page) -> None:
    await ask(page, SALES)
    answer = page.get_by_role("article", name="Answer")
    await expect(answer).to_contain_text("$698.4 million")
    citation = answer.get_by_role("button", name=re.compile(r"pg\. \d")).first
    cited = re.findall(r"pg\. (\d)", await citation.inner_text())
    await citation.hover()
    await expect(citation.get_by_role("tooltip")).to_contain_text("698.4")
    await citation.click()
    reader = page.get_by_role("region", name="Reader")
    await expect(reader.locator(".evidence").first).to_contain_text("698.4")
    await expect(page.locator(".level.insights .chosen")).to_be_in_viewport()
    await expect(page.locator(".level.pages .lit")).to_have_text(cited)


async def test_a_plan_is_changed_and_approved_before_anything_is_searched(page: Page) -> None:
    await page.goto("/#/research")
    await page.get_by_label("Question").fill(SALES)
    await page.get_by_label("Ask me first").check()
    await page.get_by_role("button", name="Ask").click()
    plan = page.get_by_label("One sub-question a line")
    await expect(plan).to_have_value(SALES)
    await plan.fill("What was Halden's operating income in the third quarter of 2025?")
    await page.get_by_role("button", name="Go ahead").click()
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("$145.3 million")


async def test_a_question_nothing_answers_is_told_as_such(page: Page) -> None:
    await ask(page, "Who is Zyler Vance?")
    await expect(page.get_by_role("article", name="Answer")).to_contain_text("Not in this collection")
    await expect(page.get_by_role("heading", name="Sources")).to_have_count(0)
