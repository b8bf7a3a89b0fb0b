"""A store of any size made of realistic texts: filings of invented companies, told as pages, insights, concepts.

Texts are drawn from a seed. The first `distinct` insights are embedded for real; any other text gets the vector of one
of those, chosen by its hash, moved by Gaussian noise of a length `NOISE` in a direction of its own, and normalised.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from app.convert.document import Page
from app.knowledge.types import NewEntry
from app.llm.embedding import Embedder

NOISE = 0.35
FULL_ROWS, FULL_DOCUMENTS = 248_687, 331
INSIGHTS_A_DOCUMENT, CONCEPTS_A_DOCUMENT, PAGES_A_DOCUMENT = 655, 45, 50
FIRST = "Acan Bel Cor Dun Ever Fal Gran Hol Iber Jur Kest Lum Mor Nor Ost Pal Quin Riv Sol Tar Umb Val Wes Yar Zen"
LAST = "dale ford gate holm line mark point ridge stone ton vale ware water well wick"
KINDS = "Bank Energy Foods Health Industries Logistics Media Motors Pharma Retail Semiconductors Software"
MEASURES = (
    "net sales; cost of sales; gross profit; operating income; income tax expense; net income; diluted earnings per "
    "share; research and development expense; selling, general and administrative expense; capital expenditures; "
    "depreciation and amortization; free cash flow; cash and cash equivalents; accounts receivable; inventories; "
    "goodwill; long-term debt; accounts payable; deferred revenue; share repurchases; dividends paid; interest costs; "
    "stock-based compensation; lease liabilities; pension contributions; backlog; impairment charges; headcount"
).split("; ")
SEGMENTS = (
    "the Americas; Europe; Greater China; Japan; the consumer segment; the enterprise segment; cloud services; "
    "licensing; the aftermarket business; specialty materials; the wholesale channel; direct to consumer; hardware"
).split("; ")
CAUSES = (
    "higher volumes; favourable pricing; adverse exchange rates; the divestiture of a business; supply shortages; "
    "a legal settlement; restructuring; lower freight costs; new store openings; a weak housing market; acquisitions"
).split("; ")
TOPICS = "liquidity; litigation; tax matters; leases; segment results; risk factors; revenue recognition".split("; ")
FRAMES = (
    "{issuer}'s {measure} in {segment} {moved} to ${value} million in {period}, mainly because of {cause}.",
    "In {period}, {measure} of {issuer} for {segment} were ${value} million, {share}% of the total.",
    "{measure} in {segment} {moved} {share}% in {period} owing to {cause}, {issuer} reported.",
    "Management of {issuer} expects {measure} in {segment} of about ${value} million after {period}, given {cause}.",
)


@dataclass(frozen=True, kw_only=True)
class Filing:
    """One generated document."""

    filename: str
    metadata: dict[str, str]
    pages: tuple[Page, ...]
    entries: tuple[NewEntry, ...]


def make_filings(documents: int) -> Iterator[Filing]:
    """Return so many documents, the same ones every time."""
    return map(_make_filing, range(documents))


def make_questions(count: int) -> list[str]:
    """Return questions about generated documents, the same ones every time."""
    drawn = random.Random("questions")
    return [
        f"What drove {drawn.choice(MEASURES)} in {drawn.choice(SEGMENTS)} at "
        f"{_issuer(drawn.randrange(FULL_DOCUMENTS))} in {_period(drawn)}, and was it {drawn.choice(CAUSES)}?"
        for _ in range(count)
    ]


def _make_filing(number: int) -> Filing:
    drawn = random.Random(f"filing {number}")
    issuer, year = _issuer(number), 2015 + number % 9
    insights = [_insight(drawn, issuer, key, 1 + key * PAGES_A_DOCUMENT // INSIGHTS_A_DOCUMENT) for key in range(655)]
    concepts = [
        NewEntry(
            key=f"c{key}",
            level="concept",
            text=f"{issuer}: {drawn.choice(TOPICS)}, {drawn.choice(MEASURES)} in {drawn.choice(SEGMENTS)}.",
            pages=(1,),
            sources=tuple(entry.key for entry in insights[key::CONCEPTS_A_DOCUMENT][:12]),
        )
        for key in range(CONCEPTS_A_DOCUMENT)
    ]
    abstract = NewEntry(
        key="a", level="abstract", text=f"{issuer} reports on {year}: {_prose(drawn, issuer, 4)}", pages=(1,)
    )
    pages = tuple(Page(number=n, markdown=_prose(drawn, issuer, 12)) for n in range(1, PAGES_A_DOCUMENT + 1))
    metadata = {"issuer": issuer, "form": "10-K", "fiscal_year": str(year), "bucket": str(number % 100)}
    return Filing(
        filename=f"{issuer.replace(' ', '')}_{year}_10K.pdf",
        metadata=metadata,
        pages=pages,
        entries=(*insights, *concepts, abstract),
    )


def _insight(drawn: random.Random, issuer: str, key: int, page: int) -> NewEntry:
    return NewEntry(key=f"i{key}", level="insight", text=_sentence(drawn, issuer), pages=(page,), sources=(f"p{page}",))


def _sentence(drawn: random.Random, issuer: str) -> str:
    text = drawn.choice(FRAMES).format(
        issuer=issuer,
        measure=drawn.choice(MEASURES),
        segment=drawn.choice(SEGMENTS),
        period=_period(drawn),
        cause=drawn.choice(CAUSES),
        value=f"{drawn.randrange(10, 99_999):,}",
        share=drawn.randrange(1, 60),
        moved=drawn.choice(("rose", "fell")),
    )
    return text[0].upper() + text[1:]


def _prose(drawn: random.Random, issuer: str, sentences: int) -> str:
    return " ".join(_sentence(drawn, issuer) for _ in range(sentences))


def _period(drawn: random.Random) -> str:
    return f"the {drawn.choice(('first', 'second', 'third', 'fourth'))} quarter of {drawn.randrange(2013, 2025)}"


def _issuer(number: int) -> str:
    drawn = random.Random(f"issuer {number // 3}")
    return f"{drawn.choice(FIRST.split())}{drawn.choice(LAST.split())} {drawn.choice(KINDS.split())}"


class PerturbedEmbedder:
    """Vectors of `known` texts as they are; of any other text, that of a known one with noise."""

    def __init__(self, embedder: Embedder, known: Sequence[str], vectors: np.ndarray) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self._places = {text: place for place, text in enumerate(known)}
        self._vectors = vectors

    async def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return unit vectors, float32 of shape (texts, dimension)."""
        return np.stack([self._vector(text) for text in texts])

    def _vector(self, text: str) -> np.ndarray:
        place = self._places.get(text)
        if place is not None:
            return np.asarray(self._vectors[place])
        drawn = np.random.default_rng(list(sha256(text.encode()).digest()))
        noise = drawn.standard_normal(self.dimension).astype(np.float32)
        moved = self._vectors[drawn.integers(len(self._vectors))] + NOISE * noise / np.linalg.norm(noise)
        return np.asarray(moved / np.linalg.norm(moved), np.float32)
