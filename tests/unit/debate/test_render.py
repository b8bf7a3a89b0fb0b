"""The record as Markdown and as a page to print."""

from app.agents.debate.render import render_html, render_markdown
from app.agents.debate.tasks import Draft
from tests.support.debating import ScriptedModels, hold_debate

QUOTED = 'Our evidence: "The storm closed the northern harbour for two days." [E1]'
INVENTED = 'They said: "The harbour was <never> closed by anyone."'


def speak() -> ScriptedModels:
    return ScriptedModels({"debate.speak": lambda _: Draft(text=f"{QUOTED} {INVENTED}")})


async def test_markdown_counts_quotes_and_names_those_that_stand_nowhere() -> None:
    text = render_markdown(await hold_debate(speak()))
    assert "- 1 of 2 quotes stand in the evidence word for word" in text
    assert "- not found in the evidence: “The harbour was <never> closed by anyone.”" in text
    order = [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("| ")]
    assert order[1:] == ["argument", "evidence", "rebuttal", "clarity", "total"]


async def test_page_underlines_claims_by_verdict_and_escapes_every_text() -> None:
    page = render_html(await hold_debate(speak()))
    assert '<u class="supported">Our evidence: &quot;The storm closed' in page
    assert "<never>" not in page
    assert "&lt;never&gt;" in page
