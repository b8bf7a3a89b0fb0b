"""How well research answers a file of questions: sources cited, figures right, pages right, tokens taken.

Each line of `--questions` has `question` and `answer`, and `source_docs` (file names) or `gold` (`filename`, `page`,
page counting from 1). A question whose answer is one number counts as numeric: right when the first sentence with a
figure has it within 1%, wrong when it has another, abstained when there is none or the question is listed as
unanswered. `--facts` makes such questions of known figures instead: lines with `file`, `company`, `label`, `value`,
and `start` and `end` or `instant`.
"""

import argparse
import asyncio
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.agents.research import AGENT
from app.agents.research.arithmetic import list_proven
from app.agents.research.schemas import Format, ResearchInput, ResearchOutput
from app.agents.research.sentences import split_pieces
from app.db import Json
from app.knowledge.figures import Figure, derive_figure, find_figures, match_figure
from app.knowledge.knowledge import Knowledge
from app.resources import Resources
from benchmarks.asked import Question, make_questions, read_questions
from benchmarks.streamed import measure_streams
from benchmarks.support import ingest_all, open_knowledge, open_service, report, run_agent, say

NO_FIGURE = re.compile(r"^\s*\d{1,3}[.)]\s|\bpages? \d+(?:[-–,]\s?\d+)*", re.MULTILINE | re.IGNORECASE)
SHOWN = re.compile(r"\[([^\[\]]+?), pg\. (\d+)(?:-(\d+))?\]")


@dataclass(kw_only=True)
class Scores:
    """Counts over the questions."""

    questions: int = 0
    sources_cited: int = 0
    gold_figures: int = 0
    figures_found: int = 0
    numeric: int = 0
    numeric_right: int = 0
    numeric_wrong: int = 0
    abstained: int = 0
    page_right: int = 0
    not_found: int = 0
    citation_failures: int = 0
    tokens: dict[Format, list[int]] = field(default_factory=lambda: {"answer": [], "report": []})

    def as_figures(self) -> Json:
        """Return the keys that this benchmark reports."""
        return {
            "questions": self.questions,
            "sources_cited": round(self.sources_cited / max(1, self.questions), 3),
            "figures_found": round(self.figures_found / max(1, self.gold_figures), 3),
            "gold_figures": self.gold_figures,
            "numeric": self.numeric,
            "numeric_right": self.numeric_right,
            "numeric_wrong": self.numeric_wrong,
            "abstained": self.abstained,
            "page_right": self.page_right,
            "not_found": self.not_found,
            "citation_failures": self.citation_failures,
            "tokens": {format: _spread(used) for format, used in self.tokens.items()},
        }


async def measure(resources: Resources, questions: Sequence[Question], *, reports: bool, verbose: bool) -> Scores:
    """Ask every question and score what comes back."""
    scores = Scores()
    knowledge = open_knowledge(resources)
    for number, question in enumerate(questions, 1):
        output = await _ask(resources, question, "answer")
        failures = await count_failures(output, knowledge)
        _score(scores, question, output, failures)
        if reports:
            long = await _ask(resources, question, "report")
            scores.tokens["report"].append(long.usage.prompt_tokens)
            scores.citation_failures += await count_failures(long, knowledge)
        say(f"{number}/{len(questions)} {question.text[:80]}")
        if verbose:
            say(f"{describe(question, output)} failures={failures}\n{output.answer}\n   gold: {question.answer}\n")
    return scores


def judge_number(question: Question, output: ResearchOutput) -> tuple[str, bool]:
    """Return right, wrong or abstained for a numeric question, and whether the gold page is cited beside the figure."""
    stated = next(((p, f) for p in split_pieces(output.answer) if (f := _figures(SHOWN.sub(" ", p.text)))), None)
    if question.number is None or stated is None or output.question in output.unanswered:
        return "abstained", False
    piece, figures = stated
    near = any(question.is_answered_by(figure) for figure in figures)
    return ("right" if near else "wrong"), near and bool(question.pages & set(_cited(piece.text)))


async def count_failures(output: ResearchOutput, knowledge: Knowledge) -> int:
    """Return how many sentences have a figure that neither the cited quotes nor the cited pages carry."""
    known = {(c.filename, page): c for c in output.citations for page in c.pages}
    quotes = {key: [c.quote for c in output.citations if c.filename == key[0] and key[1] in c.pages] for key in known}
    failures = 0
    for piece in split_pieces(output.answer):
        figures, cited = _figures(SHOWN.sub(" ", piece.text)), _cited(piece.text)
        if piece.kind == "heading" or not (figures or cited):
            continue
        pages = [await _page(knowledge, known[key].document_id, key[1]) for key in cited if key in known]
        texts = [*pages, *(q for key in cited for q in quotes.get(key, []))]
        carried = _carried(SHOWN.sub(" ", piece.text), figures, texts)
        failures += not cited or any(key not in known for key in cited) or not carried
    return failures


def describe(question: Question, output: ResearchOutput) -> str:
    """Return one line on how a question went."""
    cited = frozenset(s.filename for s in output.sources)
    judged = judge_number(question, output) if question.number is not None else ""
    return f"{judged} sources={question.has_sources(cited)} tokens={output.usage.prompt_tokens} {question.text}"


async def _ask(resources: Resources, question: Question, format: Format) -> ResearchOutput:
    asked = ResearchInput(question=question.text, format=format, remember=False)
    output: ResearchOutput = await run_agent(resources, AGENT, asked)
    return output


def _score(scores: Scores, question: Question, output: ResearchOutput, failures: int) -> None:
    scores.questions += 1
    scores.sources_cited += question.has_sources(frozenset(s.filename for s in output.sources))
    scores.not_found += not output.citations
    scores.citation_failures += failures
    scores.tokens["answer"].append(output.usage.prompt_tokens)
    ours, gold = _figures(output.answer), _figures(question.answer)
    scores.gold_figures += len(gold)
    scores.figures_found += sum(match_figure(figure, ours) is not None for figure in gold)
    if question.number is not None:
        outcome, on_page = judge_number(question, output)
        scores.numeric += 1
        scores.numeric_right += outcome == "right"
        scores.numeric_wrong += outcome == "wrong"
        scores.abstained += outcome == "abstained"
        scores.page_right += on_page


def _figures(text: str) -> list[Figure]:
    """Return the figures of a text; the numbers of a numbered list and of pages are none."""
    return [f for f in find_figures(NO_FIGURE.sub(" ", text)) if f.kind != "year"]


def _cited(text: str) -> list[tuple[str, int]]:
    found = SHOWN.findall(text)
    return [(name, page) for name, first, last in found for page in range(int(first), int(last or first) + 1)]


async def _page(knowledge: Knowledge, document_id: Any, number: int) -> str:
    return (await knowledge.get_page(document_id, number)).markdown


def _carried(said: str, figures: Sequence[Figure], texts: Sequence[str]) -> bool:
    sources = [f for text in texts for f in find_figures(text)]
    digits = {_digits(f.text) for f in sources}
    held = [f for f in figures if _digits(f.text) in digits or match_figure(f, sources)]
    proven = list_proven(said, held)
    return all(f in held or f.text in proven or derive_figure(f, held) for f in figures)


def _digits(shown: str) -> str:
    return re.sub(r"[^0-9.]", "", shown).strip(".")


def _spread(used: Sequence[int]) -> Json:
    if not used:
        return {"median": None, "p90": None}
    ordered = sorted(used)
    return {"median": int(statistics.median(ordered)), "p90": ordered[min(len(ordered) - 1, int(len(ordered) * 0.9))]}


def _list_files(folder: Path) -> Iterable[Path]:
    inner = folder / "pdfs"
    return sorted(p for p in (inner if inner.is_dir() else folder).iterdir() if p.suffix.lower() in (".pdf", ".html"))


async def main() -> None:
    """Ingest the documents, ask the questions, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path, required=True)
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--questions", type=Path, help="questions with their answers")
    asked.add_argument("--facts", type=Path, help="known figures to make questions of")
    parser.add_argument("--numeric", action="store_true", help="ask only the questions whose answer is a number")
    parser.add_argument("--no-reports", action="store_true", help="do not ask for reports as well")
    parser.add_argument("--stream", type=int, default=0, help="time so many reports over HTTP as well, at least 2")
    parser.add_argument("--keep", type=Path, help="a folder where the store stays, to go on from in the next run")
    parser.add_argument("--verbose", action="store_true", help="show every answer on stderr")
    chosen = parser.parse_args()
    questions = make_questions(chosen.facts) if chosen.facts else read_questions(chosen.questions)
    questions = [q for q in questions if q.number is not None or not chosen.numeric]
    async with open_service(keep=chosen.keep, convert_seconds=900) as resources:
        await ingest_all(resources, _list_files(chosen.documents))
        scores = await measure(resources, questions, reports=not chosen.no_reports, verbose=chosen.verbose)
        timed = [q.text for q in questions[: max(2, chosen.stream)]] if chosen.stream else []
        streamed = await measure_streams(resources.settings, timed) if timed else {}
    figures = scores.as_figures() | ({"streamed": streamed} if streamed else {})
    report([(name, value) for name, value in figures.items() if name != "tokens"], figures)


if __name__ == "__main__":
    asyncio.run(main())
