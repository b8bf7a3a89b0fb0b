"""Which documents a question means: by issuer, period, form, and words like "latest"."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from app.agents.research.words import core_name, is_generic
from app.knowledge.periods import find_periods

ORGANISATION = re.compile(
    r"((?:[A-Z0-9][\w&'.-]*,? ){1,4})(?:Inc|Incorporated|Corp|Corporation|Company|Co|Ltd|Limited|PLC|plc|Group)\b"
)
FORM = re.compile(r"\b(10|8|20|6)-?\s?([kqf])\b|\bearnings\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a document before it is searched. `labels` are forms of the periods it is named by."""

    id: UUID
    filename: str
    title: str = ""
    issuer: str = ""
    short_name: str = ""
    labels: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    end: date | None = None

    @property
    def names(self) -> frozenset[str]:
        """Lower-case names the issuer goes by, words of the file's name among them."""
        given = {core_name(name) for name in (self.issuer, self.short_name, *ORGANISATION.findall(self.title))}
        spelled = {n for n in given if any(not is_generic(word) for word in n.split())}
        stem = self.filename.rsplit(".", 1)[0]
        words = (w.lower() for w in re.findall(r"[A-Za-z0-9&]+", stem.replace("_", " ")))
        tags = {w for w in words if len(w) > 1 and re.search(r"[a-z]", w) and not NOT_A_NAME.fullmatch(w)}
        return frozenset(filter(None, {*spelled, *(n.replace(" ", "") for n in spelled), *tags}))

    @property
    def context(self) -> str:
        """The words around every entry of the document: who, what, when."""
        return " ".join(
            filter(
                None,
                (
                    self.issuer,
                    self.title,
                    self.filename.replace("_", " "),
                    *sorted(self.labels),
                    self.end.isoformat() if self.end else "",
                ),
            )
        )


NOT_A_NAME = re.compile(
    r"q[1-4]|fy\d*|\d*[kqf]|annual|quarterly|report|earnings|release|dated|form|final|draft|copy|the|and|of|inc|corp|company|v\d+"
    r"|document|summary|statement|presentation|sample|data|notes?|memo|paper|results?"
)


def know_document(id: UUID, *, filename: str, title: str, card: Mapping[str, Any]) -> Known:
    """Return what a document's name, title and card tell."""
    named = find_periods(filename.replace("_", " ")) or find_periods(title)
    own = {p.form for _, _, p in named} | set(_card_labels(card))
    issuer, end = str(card.get("issuer") or ""), str(card.get("period_end") or "")
    return Known(
        id=id,
        filename=filename,
        title=title,
        issuer=issuer,
        short_name=str(card.get("short_name") or ""),
        labels=frozenset(own),
        forms=read_forms(f"{filename.replace('_', ' ')} {card.get('form') or ''}"),
        end=date.fromisoformat(end) if re.fullmatch(r"\d{4}-\d\d-\d\d", end) else None,
    )


def _card_labels(card: Mapping[str, Any]) -> Iterator[str]:
    year, period = str(card.get("fiscal_year") or ""), str(card.get("fiscal_period") or "").lower()
    if re.fullmatch(r"(?:19|20)\d{2}", year):
        yield f"{year}{period}" if re.fullmatch(r"q[1-4]", period) else f"fy:{year}"


def read_forms(text: str) -> frozenset[str]:
    """Return the kinds of filing a text names, as "10k", "10q", "8k"."""
    return frozenset(re.sub(r"[-\s]", "", m[0].lower()).rstrip("s") for m in FORM.finditer(text))


def name_issuers(text: str, documents: Sequence[Known]) -> tuple[str, ...]:
    """Return the names of issuers that the text mentions, as the text's order has them."""
    lowered = re.sub(r"['’]s?\b", "", text.lower())
    words = re.findall(r"[\w&.-]*[\w&]", lowered)
    spellings = {" ".join(words[i : i + n]): i for n in (4, 3, 2, 1) for i in range(len(words) - n + 1)}
    spellings |= {spelling.replace(" ", ""): i for spelling, i in spellings.items()}
    found = {name: spellings[name] for name in {n for d in documents for n in d.names} if name in spellings}
    return tuple(sorted(found, key=lambda name: found[name]))


def choose_documents(
    documents: Sequence[Known], *, issuers: Sequence[str], periods: Iterable[str], forms: frozenset[str], latest: bool
) -> list[Known]:
    """Return the documents meant, narrowing by issuer, form, period and recency only where something is left."""
    chosen = list(documents)
    if issuers:
        chosen = [d for d in chosen if d.names & set(issuers)] or chosen
    chosen = [d for d in chosen if d.forms & forms] or chosen
    wanted = tuple(periods)
    chosen = [d for d in chosen if any(_labelled(d, form) for form in wanted)] or chosen
    return _latest_of_each(chosen) if latest else chosen


def age_key(document: Known) -> tuple[str, str]:
    """Return a key that sorts older documents first."""
    return (document.end.isoformat() if document.end else _newest_label(document), document.filename)


def _newest_label(document: Known) -> str:
    return max((re.sub(r"^\w+:", "", label) for label in document.labels), default="")


def _labelled(document: Known, form: str) -> bool:
    if form in document.labels:
        return True
    year = re.fullmatch(r"(?:fy:)?(\d{4})", form)
    if year:
        return bool({year[1], f"fy:{year[1]}", f"{year[1]}q4"} & document.labels)
    ended = re.fullmatch(r"\w+:(\d{4}-\d\d-\d\d)", form)
    return bool(ended and document.end and document.end.isoformat() == ended[1])


def _latest_of_each(documents: Sequence[Known]) -> list[Known]:
    newest: dict[str, Known] = {}
    for document in sorted(documents, key=age_key):
        newest[core_name(document.issuer) or min(document.names, default="")] = document
    return list(newest.values())
