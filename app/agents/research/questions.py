"""What a question asks for: whose figure, which measure, which periods, and what kind of answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.agents.research.cues import (
    ACRONYM,
    AMONG,
    AMOUNTS,
    ANAPHORA,
    CAUSES,
    CHANGE,
    COLLECTION,
    EARLIER,
    FIGURE,
    FILING,
    INSTANT,
    INSTRUCTION,
    JOINT,
    LATEST,
    MONTHS,
    NAME_PHRASE,
    OPEN,
    OUTLAY,
    PARENTHESIS,
    PREAMBLE,
    REWORDED,
    SPREAD,
    WHOLE,
    YES_OR_NO,
)
from app.agents.research.documents import FORM, Known, choose_documents, name_issuers, read_forms
from app.agents.research.vocabulary import BROAD, MEASURED, QUALIFIERS
from app.agents.research.words import (
    WORD,
    content_stems,
    core_name,
    drop_legal_forms,
    find_phrases,
    is_generic,
    list_stems,
)
from app.knowledge.periods import Period, find_periods

AskKind = Literal["figure", "change", "open", "collection"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A question read. `measure` is stems, `names` phrases of stems; `issuers` are lower-case names of documents.

    `quantified` tells that figures belong into an answer, `causal` that reasons do, whatever kind of answer it is.
    """

    text: str
    kind: AskKind
    issuers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    measure: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()
    document_ids: tuple[UUID, ...] = ()
    spread: bool = False
    latest: bool = False
    instant: bool = False
    quantified: bool = False
    causal: bool = False

    @property
    def core(self) -> frozenset[str]:
        """The stems of the measure without what merely refines it."""
        return frozenset(self.measure) - QUALIFIERS or frozenset(self.measure)


def read_question(text: str, documents: Sequence[Known]) -> Reading:
    """Return what a question asks of a set of documents."""
    asked = strip_instructions(text)
    found = find_periods(asked)
    periods = tuple({p.form: p for _, _, p in found}.values())
    issuers = name_issuers(text, documents)
    bare = drop_legal_forms(_without(asked, [(start, end) for start, end, _ in found]), issuers)
    spread = bool(SPREAD.search(asked)) and len(periods) < 2
    latest = bool(LATEST.search(asked)) and not (spread and EARLIER.search(asked))
    chosen = choose_documents(
        documents, issuers=issuers, periods=[p.form for p in periods], forms=read_forms(text), latest=latest
    )
    measure = _measure(bare, issuers, documents)
    return Reading(
        text=text,
        kind=_kind(asked, spread=spread, periods=len(periods), whole=not measure),
        issuers=issuers,
        names=_names(bare, issuers, documents),
        years=tuple(dict.fromkeys(y for p in periods for y in re.findall(r"(?:19|20)\d{2}", p.form))),
        measure=measure,
        periods=periods,
        document_ids=tuple(d.id for d in chosen),
        spread=spread and not latest,
        latest=latest,
        instant=bool(INSTANT.search(text)),
        quantified=bool(AMOUNTS.search(asked) or CHANGE.search(asked) or set(measure) & MEASURED),
        causal=bool(CAUSES.search(asked)),
    )


def strip_instructions(text: str) -> str:
    """Return a question without sentences that only say how to answer."""
    parts = re.split(r"(?<=[.?!:])\s+", REWORDED.sub("", text.strip()))
    kept = [PREAMBLE.sub("", part) for part in parts if not INSTRUCTION.match(part.strip())]
    asking = [part for part in kept if "?" in part]
    return " ".join(asking or kept or [text])


def split_question(text: str) -> list[str]:
    """Return the questions a question is made of, at most four; instructions stay out."""
    asked = strip_instructions(text)
    parts = JOINT.split(asked)
    kept = [part.strip(" ,") for n, part in enumerate(parts) if len(content_stems(part)) >= _least_words(n, part)]
    return [part[:1].upper() + part[1:] for part in kept[:4]] or [asked]


def split_measures(text: str, reading: Reading) -> list[str]:
    """Return a question about several measures as one for each: "net sales, gross margin and net income"."""
    asked = strip_instructions(text).rstrip(" ?")
    kept = [*find_phrases(asked), *((start, end) for start, end, _ in find_periods(asked))]
    cuts = [0]
    for joint in AMONG.finditer(asked):
        inside = any(start < joint.end() and joint.start() < end for start, end in kept)
        before, after = asked[cuts[-1] : joint.start()], asked[joint.end() :].split(",")[0]
        if not inside and all(MEASURED & set(list_stems(side)) & set(reading.measure) for side in (before, after)):
            cuts += [joint.start(), joint.end()]
    parts = [asked[start:end] for start, end in zip(cuts[::2], [*cuts[1::2], len(asked)], strict=True)]
    if len(parts) < 2:
        return [text]
    return [_reworded(part, reading.kind, first=number == 0) for number, part in enumerate(parts)]


def name_measures(text: str, reading: Reading) -> list[str]:
    """Return the measures of accounts that a question implies or names whole: "inventory", but not "iPhone sales"."""
    asked = strip_instructions(text)
    found = [asked[start:end] for start, end in find_phrases(asked) if _stands_alone(asked, start, end, reading)]
    single = {list_stems(phrase): phrase for phrase in found if set(list_stems(phrase)) <= MEASURED}
    broad = [measures for pattern, measures in BROAD if re.search(rf"\b{pattern}\b", asked, re.IGNORECASE)]
    return list(dict.fromkeys([*single.values(), *(name for measures in broad for name in measures)]))


def _stands_alone(text: str, start: int, end: int, reading: Reading) -> bool:
    before, after = WORD.findall(text[:start])[-1:], text[end:]
    narrowed = [s for s in list_stems(" ".join(before)) if s in reading.measure]
    return not narrowed and not re.match(r"\s+(?:from|of|by|per|in the)\b", after)


def _reworded(part: str, kind: AskKind, *, first: bool) -> str:
    """Return a part as a question: the first has its beginning, and each asks for the change when that is asked."""
    begun = part if first else f"How did {part}" if kind == "change" else f"What was {part}"
    return f"{begun} change?" if kind == "change" and not CHANGE.search(part) else f"{begun}?"


def _least_words(number: int, part: str) -> int:
    """Return how many content words a part needs to stand alone; one that points back needs more."""
    return 3 if number and ANAPHORA.search(part) else 1


def frame_of(text: str, issuers: Sequence[str]) -> list[str]:
    """Return the words of a question that every part of it is about: issuers, periods, forms, "latest", "over time"."""
    asked = strip_instructions(text)
    periods = [asked[start:end] for start, end, _ in find_periods(asked)]
    matches = [m[0] for pattern in (FORM, LATEST, SPREAD) for m in [pattern.search(asked)] if m]
    return list(dict.fromkeys([*(spell_name(name, text) for name in issuers), *periods, *matches]))


def spell_name(name: str, text: str) -> str:
    """Return a lower-case name as a text writes it; with capitals where the text has it otherwise."""
    found = re.search(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)
    return found[0] if found else name.title()


def _kind(asked: str, *, spread: bool, periods: int, whole: bool) -> AskKind:
    if COLLECTION.search(asked) or (whole and WHOLE.search(asked)):
        return "collection"
    if OPEN.search(asked):
        return "open"
    if CHANGE.search(asked) and (spread or periods != 1 or re.search(r"\b(?:chang|compar|differ)", asked)):
        return "change"
    if FIGURE.search(asked) and not YES_OR_NO.search(asked):
        return "figure"
    return "open"


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in sorted(spans, reverse=True):
        text = f"{text[:start]} {text[end:]}"
    return text


def _issuer_stems(text: str, issuers: Sequence[str], documents: Sequence[Known]) -> set[str]:
    named = {n for d in documents if d.names & set(issuers) for n in (core_name(d.issuer), *d.names)}
    spelled = {s for name in (*issuers, *named) for s in list_stems(name)}
    return spelled | {s for s in list_stems(text) if any(s in name and len(s) > 2 for name in issuers)}


def _measure(bare: str, issuers: Sequence[str], documents: Sequence[Known]) -> tuple[str, ...]:
    own = _issuer_stems(bare, issuers, documents)
    text = OUTLAY.sub(" ", MONTHS.sub(" ", FILING.sub(" ", PARENTHESIS.sub(" ", bare))))
    return tuple(s for s in content_stems(text) if s not in own)


def _names(bare: str, issuers: Sequence[str], documents: Sequence[Known]) -> tuple[str, ...]:
    own = _issuer_stems(bare, issuers, documents)
    text = MONTHS.sub(" ", PARENTHESIS.sub(" ", bare))
    phrases: dict[str, None] = {}
    for match in NAME_PHRASE.finditer(text):
        words = [re.sub(r"['’]s$", "", word) for word in match[0].split()]
        words = [w for w in words if not ACRONYM.fullmatch(w) and not w[0].isdigit() and not is_generic(w)]
        stems = [s for s in list_stems(" ".join(words)) if s not in own]
        if stems:
            phrases[" ".join(stems)] = None
    return tuple(phrases)
