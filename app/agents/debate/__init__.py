"""The debate agent: Pro against Con, checked claim by claim, judged twice by a panel."""

from app.agents.base import Agent
from app.agents.debate.graph import bound, build_graph
from app.agents.debate.offline import OFFLINE
from app.agents.debate.render import render_html, render_markdown
from app.agents.debate.schemas import DebateInput, DebateOutput

AGENT = Agent(
    name="debate",
    summary="Hold a debate on a topic, every speech fact-checked, a panel judging at the end",
    input=DebateInput,
    output=DebateOutput,
    example={"topic": "Apple depends less on one product than Microsoft", "collection": "default", "judges": 3},
    build=build_graph,
    offline=OFFLINE,
    path="debates",
    recursion_limit=bound,
    renderers={"text/markdown": render_markdown, "text/html": render_html},
)
