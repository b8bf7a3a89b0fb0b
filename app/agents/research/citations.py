"""The check without a model: ids that were given, figures that what is cited has, exact quotes, nothing refuted."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.agents.research.arithmetic import list_proven
from app.agents.research.refutation import find_refutation
from app.agents.research.sentences import CITATION, ORDINAL, Piece, split_pieces
from app.knowledge.claims.types import Passage, Slot
from app.knowledge.figures import Figure, derive_figure, find_figures, match_figure
from app.knowledge.periods import Period, find_periods

BRACKET = re.compile(r"!?\[([^\[\]\n]{1,200})\](\([^()\n]*\))?")
URL = re.compile(r"https?://|www\.", re.IGNORECASE)
QUOTE = re.compile(r"“([^”]+)”|\"([^\"]+)\"|«([^»]+)»|„([^“”]+)[“”]")
MARKER = re.compile(r"^\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|#+\s+)+")
QUOTE_WORDS = 3
SHARES = ("percent", "basis_points")


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a writer was given under a short id: what it says, the passage of the page, and what is known around it."""

    id: str
    text: str
    passage: str = ""
    context: str = ""
    pages: tuple[int, ...] = ()
    filename: str = ""
    slots: tuple[Slot, ...] = ()

    def as_evidence(self) -> Passage:
        """Return it as the claim checker reads it."""
        return Passage(
            id=self.id,
            text=self.text,
            filename=self.filename,
            pages=self.pages,
            context=self.context,
            slots=self.slots,
        )


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A piece of a text that does not hold, and the reason as a sentence."""

    piece: Piece
    reason: str


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A text that holds, with what was taken out of it."""

    text: str
    removed: tuple[Problem, ...]
    corrected: int


def find_problems(text: str, given: Mapping[str, Given]) -> list[Problem]:
    """Return every piece of a draft that cites what was not given or says what its citations do not carry."""
    pieces = split_pieces(text)
    blocks: dict[int, set[str]] = {}
    for piece in pieces:
        blocks.setdefault(piece.block, set()).update(i for i in list_ids(piece.text) if i in given)
    found = ((piece, find_reason(piece, given, blocks[piece.block])) for piece in pieces)
    return [Problem(piece=piece, reason=reason) for piece, reason in found if reason]


def settle(text: str, given: Mapping[str, Given]) -> Settled:
    """Return the text without the pieces that do not hold; unknown ids beside known ones go, their words stay."""
    cleaned, corrected = _without_unknown(text, given)
    cleaned = _tidy(cleaned)
    removed: list[Problem] = []
    while problems := find_problems(cleaned, given):
        removed += problems
        cleaned = _tidy(_cut_out(cleaned, [p.piece for p in problems]))
    return Settled(text=cleaned, removed=tuple(removed), corrected=corrected)


def find_reason(piece: Piece, given: Mapping[str, Given], block: Iterable[str]) -> str | None:
    """Return why a piece does not hold, or None."""
    unknown = [shown for shown, _ in _foreign(piece.text, given)]
    if unknown:
        return f"It cites {', '.join(unknown)}, which was not given."
    own = [given[i] for i in list_ids(piece.text)]
    cited = own or [given[i] for i in block]
    body = MARKER.sub("", CITATION.sub(" ", piece.text))
    figures = [f for f in find_figures(ORDINAL.sub(" ", body)) if f.kind != "year"]
    if figures and not own:
        return f'The figure "{figures[0].text}" has no citation.'
    if not cited:
        return None if _says_nothing(piece, body) else "It has no citation."
    return (
        _wrong_figure(body, figures, own)
        or _wrong_period(body, cited)
        or _wrong_quote(body, cited)
        or find_refutation(body, [g.as_evidence() for g in cited], figures=len(figures))
    )


def list_ids(text: str) -> list[str]:
    """Return the short ids a text cites, in order, each once."""
    found = (i for match in CITATION.finditer(text) for i in re.findall(r"F\d+", match[0]))
    return list(dict.fromkeys(found))


def render_citations(text: str, given: Mapping[str, Given]) -> str:
    """Return the text with `[F1]` as `[filename, pg. 4]`; ids that were not given vanish."""

    def render(match: re.Match[str]) -> str:
        shown = (show_source(given[i]) for i in re.findall(r"F\d+", match[0]) if i in given)
        return "".join(dict.fromkeys(f"[{source}]" for source in shown))

    return CITATION.sub(render, text)


def show_source(given: Given) -> str:
    """Return "filename, pg. 4" (or "pg. 4-5")."""
    if not given.pages:
        return given.filename
    first, last = min(given.pages), max(given.pages)
    return f"{given.filename}, pg. {first}" if first == last else f"{given.filename}, pg. {first}-{last}"


def _foreign(text: str, given: Mapping[str, Given]) -> list[tuple[str, re.Match[str]]]:
    found: list[tuple[str, re.Match[str]]] = []
    for match in BRACKET.finditer(text):
        ids = re.findall(r"F\d+", match[0]) if CITATION.fullmatch(match[0]) else []
        if ids and all(i in given for i in ids):
            continue
        if ids or match[2] or _looks_cited(match[1]):
            found.append((match[0], match))
    found += [(match[0], match) for match in URL.finditer(text)]
    return found


def _looks_cited(inner: str) -> bool:
    return bool(
        re.search(
            r"\b(?:pg|pp?|page|pages|source|doc)\b\.?|^\W*[A-Za-z]?\d+\W*$|\.\w{2,4}$|\bF\d+", inner, re.IGNORECASE
        )
    )


def _without_unknown(text: str, given: Mapping[str, Given]) -> tuple[str, int]:
    corrected = 0
    for piece in reversed(split_pieces(text)):
        ids = list_ids(piece.text)
        unknown = [i for i in ids if i not in given]
        if unknown and len(unknown) < len(ids):
            kept = CITATION.sub(lambda match: _only(match[0], given), piece.text)
            text = text[: piece.start] + kept + text[piece.end :]
            corrected += len(unknown)
    return text, corrected


def _only(citation: str, given: Mapping[str, Given]) -> str:
    kept = [i for i in re.findall(r"F\d+", citation) if i in given]
    return f"[{', '.join(kept)}]" if kept else ""


def _says_nothing(piece: Piece, body: str) -> bool:
    return piece.kind != "sentence" or len(body.split()) < 4 or body.rstrip(" *_").endswith(":")


def _wrong_figure(body: str, figures: Sequence[Figure], own: Sequence[Given]) -> str | None:
    said = [f for g in own for f in find_figures(g.text)]
    shown = [f for g in own for f in find_figures(g.passage)]
    held = [f for f in figures if match_figure(f, _of_unit(f, said)) or match_figure(f, _of_kind(f, shown))]
    proven = list_proven(body, held)
    for figure in figures:
        if figure in held or figure.text in proven or (len(held) > 1 and derive_figure(figure, held)):
            continue
        return f'The figure "{figure.text}" is not in what it cites.'
    return None


def _of_unit(claimed: Figure, sources: Sequence[Figure]) -> list[Figure]:
    return [f for f in _of_kind(claimed, sources) if claimed.kind != "currency" or f.kind == "currency"]


def _of_kind(claimed: Figure, sources: Sequence[Figure]) -> list[Figure]:
    """Leave out plain numbers for a claim in percent; a passage's cells may lack the currency, never the percent."""
    return [f for f in sources if claimed.kind not in SHARES or f.kind in SHARES]


def _wrong_period(body: str, cited: Sequence[Given]) -> str | None:
    known = [p for g in cited for part in (g.text, g.passage, g.context) for _, _, p in find_periods(part)]
    days = {p.end for p in known if p.end}
    years = {year for p in known for year in _years(p)}
    for start, end, period in find_periods(body):
        if _dated(period) and period.end not in days:
            return f'The date "{body[start:end]}" is not in what it cites.'
        if not _years(period) <= years:
            return f'The year of "{body[start:end]}" is not in what it cites.'
    return None


def _dated(period: Period) -> bool:
    return period.end is not None and re.search(r":\d{4}-\d\d-\d\d$", period.form) is not None


def _years(period: Period) -> set[int]:
    if isinstance(period.end, date):
        return {period.end.year}
    return {int(y) for y in re.findall(r"(?:19|20)\d{2}", period.form)}


def _wrong_quote(body: str, cited: Sequence[Given]) -> str | None:
    texts = [_flat(part) for g in cited for part in (g.text, g.passage)]
    for match in QUOTE.finditer(body):
        quote = next(g for g in match.groups() if g)
        if len(quote.split()) >= QUOTE_WORDS and not any(_flat(quote) in text for text in texts):
            return f'The quote "{quote}" is not in what it cites.'
    return None


def _flat(text: str) -> str:
    straight = re.sub(r"[“”„«»]", '"', re.sub(r"[‘’]", "'", text))
    return re.sub(r"\s+", " ", straight).strip().rstrip(".,;")


def _cut_out(text: str, pieces: Sequence[Piece]) -> str:
    for piece in sorted(pieces, key=lambda p: p.start, reverse=True):
        text = text[: piece.start] + text[piece.end :]
    return text


def _tidy(text: str) -> str:
    kept: list[str] = []
    for line in reversed([re.sub(r"(?<=\S)  +", " ", line).rstrip() for line in text.splitlines()]):
        if re.fullmatch(r"\s*(?:[-*+•>]|\d{1,3}[.)])\s*", line) or (_depth(line) and not _has_body(kept, _depth(line))):
            continue
        kept.append(line if line.startswith(("  ", "\t")) else line.lstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(reversed(kept))).strip()


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip("#"))


def _has_body(later: Sequence[str], depth: int) -> bool:
    for line in reversed(later):
        if 0 < _depth(line) <= depth:
            return False
        if line.strip() and not _depth(line):
            return True
    return False
