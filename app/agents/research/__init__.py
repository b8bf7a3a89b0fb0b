"""Research: questions into cited answers."""

from app.agents.base import Agent
from app.agents.research.graph import build, recursion_limit
from app.agents.research.offline import OFFLINE
from app.agents.research.render import render_html, render_markdown
from app.agents.research.schemas import ResearchInput, ResearchOutput

AGENT = Agent(
    name="research",
    path="research",
    summary="Answer a question or write a report from a collection, every sentence cited and checked.",
    input=ResearchInput,
    output=ResearchOutput,
    example={"question": "What were Apple's total net sales in the three months ended July 1, 2023?"},
    build=build,
    offline=OFFLINE,
    recursion_limit=recursion_limit,
    renderers={"text/markdown": render_markdown, "text/html": render_html},
)
