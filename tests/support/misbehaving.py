"""A model server that plans, judges and writes well, but for one thing it does wrong."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from app.agents.research.prompts import ASSESS, CLARIFY, PLAN, REPAIR, WRITE
from tests.support.stub_openai import Received, Script

QUESTION = "What were Apple's total net sales in the three months ended July 1, 2023?"
TRUE = "Apple's total net sales were $81,797 million in the three months ended July 1, 2023"
SWAPPED = TRUE.replace("$81,797", "$82,959")
Call = Literal["clarify", "plan", "assess", "write", "repair"]
Answer = Callable[[Received], str]
STARTS: Mapping[Call, str] = {"clarify": CLARIFY, "plan": PLAN, "assess": ASSESS, "write": WRITE, "repair": REPAIR}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What a model does wrong, which of its calls answer how, and words that must not reach the reader."""

    does: str
    answers: Mapping[Call, Answer] = field(default_factory=dict)
    traces: tuple[str, ...] = ()


def build_script(fault: Fault) -> Script:
    """Return what the stub answers with."""
    answers: Mapping[Call, Answer] = {
        "plan": _plan,
        "assess": _assess,
        "write": _write,
        "repair": _write,
        **fault.answers,
    }

    def script(request: Received) -> str | None:
        call = next((call for call, text in STARTS.items() if text.split("\n")[0] in request.prompt), None)
        return answers[call](request) if call else None

    return script


def _plan(_: Received) -> str:
    return json.dumps({"steps": [{"question": QUESTION, "terms": ["net sales"]}]})


def _assess(request: Received) -> str:
    return judged("answered", useful=_ids(request))


def _write(request: Received) -> str:
    return f"{TRUE} [{_true_id(request)}]."


def judged(status: str, *, useful: list[str], terms: tuple[str, ...] = ()) -> str:
    """Return an assessment of the only sub-question."""
    return json.dumps({"steps": [{"step": "q1", "status": status, "useful": useful, "terms": list(terms)}]})


def lying(text: str) -> Mapping[Call, Answer]:
    """Write the truth and a lie, and keep to it when told."""

    def write(request: Received) -> str:
        return f"{_write(request)}\n\n{text.format(id=_true_id(request))}"

    return {"write": write, "repair": write}


def swapping() -> Mapping[Call, Answer]:
    """Write the truth, and the figure of the year before as this year's, citing both years."""

    def write(request: Received) -> str:
        before = re.search(r"^\[(F\d+)\] .*were \$82,959 million", request.prompt, re.MULTILINE)
        ids = ", ".join(dict.fromkeys([_true_id(request), before[1] if before else "F1"]))
        return f"{_write(request)}\n\n{SWAPPED} [{ids}]."

    return {"write": write, "repair": write}


def telling(text: str) -> Mapping[Call, Answer]:
    """Write a text that cites the right finding as `{id}`."""
    return {"write": lambda request: text.format(id=_true_id(request))}


def _ids(request: Received) -> list[str]:
    return re.findall(r"^\[(F\d+)\] ", request.prompt, re.MULTILINE)


def _true_id(request: Received) -> str:
    found = re.search(rf"^\[(F\d+)\] .*{re.escape(TRUE)}", request.prompt, re.MULTILINE)
    return found[1] if found else "F1"


def _build_faults() -> list[Fault]:
    numbers = count()

    def new_terms(request: Received) -> str:
        return judged("missing", useful=_ids(request), terms=(f"more of it {next(numbers)}",))

    def same_terms(request: Received) -> str:
        return judged("missing", useful=_ids(request), terms=("the same again",))

    def unknown_ids(_: Received) -> str:
        return judged("answered", useful=["F98", "F99"])

    def prose(_: Received) -> str:
        return "I would rather tell you about splendid sales."

    return [
        Fault(
            does="cites an id that was not given",
            answers=lying("Apple's sales were splendid [F99]."),
            traces=("splendid", "F99"),
        ),
        Fault(does="finds ids useful that were not given", answers={"assess": unknown_ids}, traces=("F98", "F99")),
        Fault(
            does="changes a digit",
            answers=lying("Apple's total net sales were $81,798 million in that quarter [{id}]."),
            traces=("81,798",),
        ),
        Fault(does="gives a figure to another period", answers=swapping(), traces=(SWAPPED,)),
        Fault(
            does="invents a quote",
            answers=lying('Apple said that "our sales have never been better" [{id}].'),
            traces=("never been better",),
        ),
        Fault(
            does="invents a source",
            answers=lying("Apple's sales were splendid [Annual report, pg. 7]."),
            traces=("splendid", "Annual report"),
        ),
        Fault(does="never says that it is enough", answers={"assess": new_terms}),
        Fault(does="asks for the same search for ever", answers={"assess": same_terms}),
        Fault(does="returns an empty plan", answers={"plan": lambda _: json.dumps({"steps": []})}),
        Fault(
            does="answers with prose where JSON is asked",
            answers={"plan": prose, "assess": prose},
            traces=("splendid",),
        ),
        Fault(
            does="writes nothing but lies",
            answers={
                "write": lambda _: "Sales were $5 million [F1].",
                "repair": lambda _: "Sales were $5 million [F1].",
            },
            traces=("$5 million",),
        ),
    ]


FAULTS = _build_faults()
