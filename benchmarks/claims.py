"""The claim checker without a model, against labelled claims and against true and changed figures of filings.

`--claims` takes a file of WiCE's layout: a claim, its article in sentences, a label, the sentences that carry it.
`--documents` and `--facts` add the figures of ingested filings, each as it is and with one digit changed.
"""

import argparse
import asyncio
import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import fmean

from app.db import DEFAULT_PROJECT, Json
from app.knowledge.claims.checker import LEVELS, check_claim
from app.knowledge.claims.rank import rank_passages
from app.knowledge.claims.tasks import OFFLINE
from app.knowledge.claims.types import CheckedClaim, Claim, Passage, Verdict
from app.knowledge.claims.verdict import Finding, settle
from app.knowledge.types import Filters
from app.llm.runner import RunRef, build_models
from app.resources import Resources
from benchmarks.support import ingest_all, open_knowledge, open_service, read_lines, report, say

LABELS: dict[str, Verdict] = {
    "supported": "supported",
    "partially_supported": "partly",
    "not_supported": "not_enough_evidence",
}
EVIDENCE = 12
MONTHS = {3: "three months", 6: "six months", 9: "nine months"}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One labelled claim with what the checker found; `recall` is None where the label rests on no sentence."""

    label: Verdict
    finding: Finding
    recall: float | None


def judge_labelled(lines: Sequence[Json]) -> list[Judged]:
    """Check each claim against its own article."""
    return [judge_one(line) for line in lines if line["label"] in LABELS]


def judge_one(line: Json) -> Judged:
    """Check one claim; a refutation counts as `not supported`, the only name WiCE has for it."""
    article = [
        Passage(id=str(number), text=sentence, filename="article") for number, sentence in enumerate(line["evidence"])
    ]
    finding = settle(line["claim"], rank_passages(line["claim"], article, limit=EVIDENCE))
    found = {int(passage.id) for passage in finding.passages}
    groups = [set(group) for group in line["supporting_sentences"] if group]
    recall = max((len(found & group) / len(group) for group in groups), default=None)
    return Judged(label=LABELS[line["label"]], finding=finding, recall=recall)


def score(judged: Sequence[Judged]) -> Json:
    """Return accuracy, macro-F1 over the three labels, and the share of gold sentences found (best gold set)."""
    pairs = [(one.label, as_label(one.finding.verdict)) for one in judged]
    recalls = [one.recall for one in judged if one.recall is not None]
    return {
        "claims": len(pairs),
        "accuracy": round(fmean(gold == given for gold, given in pairs), 4),
        "macro_f1": round(fmean(f1(label, pairs) for label in LABELS.values()), 4),
        "evidence_recall": round(fmean(recalls), 4) if recalls else None,
        "majority_accuracy": round(max(Counter(gold for gold, _ in pairs).values()) / len(pairs), 4),
    }


def as_label(verdict: Verdict) -> Verdict:
    """Return the label a verdict stands for among the three."""
    return verdict if verdict in ("supported", "partly") else "not_enough_evidence"


def f1(label: Verdict, pairs: Sequence[tuple[Verdict, Verdict]]) -> float:
    """Return the F1 of one label."""
    right = sum(gold == given == label for gold, given in pairs)
    named = sum((gold == label) + (given == label) for gold, given in pairs)
    return 2 * right / named if named else 0.0


@dataclass(frozen=True, kw_only=True)
class FigureClaim:
    """A figure of a filing as a sentence, with the verdict it should get."""

    text: str
    file: str
    shown: str
    expected: Verdict


def list_figure_claims(facts: Sequence[Json], *, seed: int = 1) -> Iterator[FigureClaim]:
    """Yield every figure as a true claim and with one digit changed."""
    changes = random.Random(seed)
    for fact in facts:
        shown = show(Decimal(str(fact["value"])), fact["unit"])
        for text, expected in ((shown, "supported"), (change_digit(shown, changes), "refuted")):
            sentence = f"{name(fact['company'])}'s {fact['label']} was {text} {say_when(fact)}."
            yield FigureClaim(text=sentence, file=fact["file"], shown=fact["shown"], expected=expected)  # type: ignore[arg-type]


def show(value: Decimal, unit: str) -> str:
    """Return an amount as a person would write it, in millions where it is one."""
    if unit == "usdPerShare":
        return f"${value:.2f}"
    return f"${value / 10**6:,.0f} million" if value % 10**6 == 0 else f"${value:,.0f}"


def change_digit(shown: str, changes: random.Random) -> str:
    """Return an amount with one of its digits another one; the leading digit never becomes 0."""
    places = [place for place, char in enumerate(shown) if char.isdigit()]
    place = changes.choice(places)
    digits = [d for d in "0123456789" if d != shown[place] and (d != "0" or place != places[0])]
    return shown[:place] + changes.choice(digits) + shown[place + 1 :]


def name(company: str) -> str:
    """Return a company's name without its legal form, capitals for shouting names."""
    words = [
        word for word in company.replace(",", "").split() if word.strip(".").lower() not in ("inc", "co", "corporation")
    ]
    return " ".join(word.capitalize() if word.isupper() else word for word in words)


def say_when(fact: Json) -> str:
    """Return a fact's period in words."""
    if fact["instant"]:
        return f"as of {say_day(fact['instant'])}"
    begun, ended = date.fromisoformat(fact["start"]), date.fromisoformat(fact["end"])
    months = round((ended - begun).days / 30.4)
    return f"in the {MONTHS.get(months, 'year')} ended {say_day(fact['end'])}"


def say_day(day: str) -> str:
    """Return an ISO date as filings write it."""
    return f"{date.fromisoformat(day):%B} {int(day[-2:])}, {day[:4]}"


async def check_figures(resources: Resources, claims: Sequence[FigureClaim]) -> list[CheckedClaim]:
    """Check each sentence against all that was ingested, as the service would without a model."""
    knowledge = open_knowledge(resources)
    models = build_models(
        resources.settings,
        offline=OFFLINE,
        sessions=resources.sessions,
        run=RunRef(project_id=DEFAULT_PROJECT, run_id=None),
        servers=resources.model_servers,
    )
    checked = []
    for number, claim in enumerate(claims, start=1):
        stated = Claim(id=f"c{number}", span=(0, len(claim.text)), text=claim.text)
        checked.append(await check_claim(models.run, stated, knowledge=knowledge, filters=Filters(levels=LEVELS)))
        if number % 100 == 0:
            say(f"{number} of {len(claims)} figures checked")
    return checked


def score_figures(
    claims: Sequence[FigureClaim], checked: Sequence[CheckedClaim], twins: dict[str, str], *, misses: bool
) -> Json:
    """Return the share of true figures supported and of changed ones refuted, each with the page in its evidence.

    `twins` gives files of the same bytes the same name: a page of either is right.
    """
    right: dict[str, list[bool]] = {"supported": [], "refuted": []}
    for claim, found in zip(claims, checked, strict=True):
        paged = any(twins[item.filename] == twins[claim.file] and item.pages for item in found.evidence)
        fine = found.verdict == claim.expected and paged
        right[claim.expected].append(fine)
        if misses and not fine:
            say(f"{claim.expected} → {found.verdict}: {claim.text} {found.reason}")
    return {
        "figures": len(right["supported"]),
        "supported_right": round(fmean(right["supported"]), 4),
        "refuted_right": round(fmean(right["refuted"]), 4),
    }


async def run_figures(documents: Path, facts: Sequence[Json], *, misses: bool) -> Json:
    """Ingest the filings that the facts are of and check their figures."""
    files = {fact["file"] for fact in facts}
    async with open_service() as resources:
        await ingest_all(resources, [path for path in sorted(documents.iterdir()) if path.name in files])
        claims = list(list_figure_claims(facts))
        begun = time.perf_counter()
        checked = await check_figures(resources, claims)
        seconds = time.perf_counter() - begun
    twins = {name: hashlib.sha256((documents / name).read_bytes()).hexdigest() for name in files}
    return score_figures(claims, checked, twins, misses=misses) | {"claims_per_second": round(len(claims) / seconds, 1)}


def main() -> None:
    """Run what the options ask for and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=Path)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--facts", type=Path)
    parser.add_argument("--misses", action="store_true", help="list the figures that went wrong on stderr")
    chosen = parser.parse_args()
    figures: Json = {}
    if chosen.claims:
        figures |= score(judge_labelled(read_lines(chosen.claims)))
    if chosen.documents and chosen.facts:
        figures |= asyncio.run(run_figures(chosen.documents, read_lines(chosen.facts), misses=chosen.misses))
    if not figures:
        parser.error("Give --claims, or --documents and --facts.")
    report(figures.items(), figures)


if __name__ == "__main__":
    main()
