"""The page on research shows the graph and the options as they are."""

from pathlib import Path

from app.agents.research import AGENT

PAGE = Path(__file__).parents[3] / "docs" / "research.md"


def test_diagram_is_drawn_from_the_compiled_graph() -> None:
    drawn = AGENT.build().compile().get_graph().draw_mermaid().rstrip()
    assert f"```mermaid\n{drawn}\n```" in PAGE.read_text()


def test_every_option_is_described() -> None:
    text = PAGE.read_text()
    missing = [name for name in AGENT.input.model_fields if f"`{name}`" not in text]
    assert missing == []
