"""Answers for the stub model server that carry research and debate from end to end, no two requests answered alike."""

import itertools
import json
import re
import threading
from collections.abc import Callable

from app.agents.debate.tasks import SPEAK
from app.agents.research.prompts import REPAIR_TASK, WRITE_TASK
from tests.support.stub_openai import Json, Received


class Answers:
    """A script for the stub: every answer carries its number, so that an answer in the wrong place is seen."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __call__(self, request: Received) -> str | None:
        with self._lock:
            number = next(self._numbers)
        for_task = BY_TASK.get(find_task(request))
        return None if for_task is None else for_task(request, number)


def find_task(request: Received) -> str:
    """Return the name of the task that is asked: that of its schema, else the one with these instructions."""
    if request.form == "json_schema":
        return str(request.body["response_format"]["json_schema"]["name"])
    return next((task.name for task in PROSE if request.prompt.startswith(task.instructions)), "")


def plan(request: Received, number: int) -> str:
    """Ask two things that the library knows."""
    questions = ("What were Apple's total net sales?", f"What legal proceedings are there ({number})?")
    return json.dumps({"steps": [{"id": "", "question": q, "terms": [], "status": "missing"} for q in questions]})


def assess(request: Received, number: int) -> str:
    """Find the first finding useful for both sub-questions and want more once."""
    status = "answered" if number % 2 else "missing"
    steps = [{"step": s, "status": status, "useful": ["F1"], "terms": [f"term {number}"]} for s in ("q1", "q2")]
    return json.dumps({"steps": steps})


def write(request: Received, number: int) -> str:
    """Repeat the first finding with its id, then say what nobody said."""
    found = re.search(r"^\[(F\d+)\] \([^)]*\) (.*?)\.?$", request.prompt, re.MULTILINE)
    assert found is not None
    return f"{found[2]} [{found[1]}].\n\nSales were $ {number},000 million [{found[1]}]."


def speak(request: Received, number: int) -> str:
    """Say something that can be told from every other speech."""
    return f"This is speech number {number}. The storm closed the northern harbour for {number} days."


def split(request: Received, number: int) -> str:
    """Take the last sentence of the speech."""
    excerpt = re.findall(r"The storm closed the northern harbour for \d+ days\.", request.prompt)[-1]
    return json.dumps({"claims": [{"excerpt": excerpt, "claim": excerpt}]})


def check(request: Received, number: int) -> str:
    """Support the claim by the first passage."""
    return json.dumps({"reason": f"Passage 1 says so ({number}).", "verdict": "supported", "passages": [1]})


def judge(request: Received, number: int) -> str:
    """Score by the number."""
    marks: Json = dict.fromkeys(("argument", "evidence", "rebuttal", "clarity"), number % 10)
    return json.dumps({"reason": f"Reason {number}.", "a": marks, "b": {**marks, "clarity": 5}})


PROSE = (SPEAK["pro"], WRITE_TASK, REPAIR_TASK)
BY_TASK: dict[str, Callable[[Received, int], str]] = {
    "research_plan": plan,
    "research_assess": assess,
    WRITE_TASK.name: write,
    REPAIR_TASK.name: write,
    "debate_seek": lambda _, number: json.dumps({"queries": [f"storm {number}"]}),
    SPEAK["pro"].name: speak,
    "claims_split": split,
    "claims_check": check,
    "debate_judge": judge,
}
