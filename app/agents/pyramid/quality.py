"""How well a document was read, by page and over all: the figures behind `/documents/{id}/quality`."""

from collections.abc import Sequence

from app.agents.pyramid.coverage import Coverage, measure_coverage
from app.agents.pyramid.schemas import Drop, Insight
from app.convert.document import Page
from app.db import Json

LISTED = 100
CHARACTERS_A_TOKEN = 4


def measure_pages(pages: Sequence[Page], insights: Sequence[Insight], dropped: Sequence[Drop]) -> dict[int, Json]:
    """Return by page number how much of it is carried and how much of that is grounded."""
    by_page: dict[int, list[Insight]] = {page.number: [] for page in pages}
    for insight in insights:
        by_page[insight.page].append(insight)
    return {page.number: _page_quality(page, by_page[page.number], dropped) for page in pages}


def measure_document(
    pages: Sequence[Page], insights: Sequence[Insight], dropped: Sequence[Drop], by_page: dict[int, Json]
) -> Json:
    """Return the document's figures: grounded share, coverage, doubles, compression, what was dropped and why.

    Tokens are estimates (four characters each); `compression` is how many of the pages stand for one of the insights.
    """
    read, told = (sum(quality[name] for quality in by_page.values()) for name in ("tokens", "insight_tokens"))
    grounded = sum(insight.grounding in ("grounded", "derived") for insight in insights)
    return {
        "insights": len(insights),
        "grounded_share": _share(grounded, len(insights) + len(dropped)),
        "number_coverage": _total_share(by_page, "numbers"),
        "name_coverage": _total_share(by_page, "names"),
        "duplicates": len(insights) - len({insight.text.lower() for insight in insights}),
        "tokens": read,
        "insight_tokens": told,
        "compression": round(read / told, 2) if told else None,
        "dropped": len(dropped),
        "dropped_insights": [drop.model_dump() for drop in dropped[:LISTED]],
    }


def _page_quality(page: Page, insights: Sequence[Insight], dropped: Sequence[Drop]) -> Json:
    texts = [insight.text for insight in insights]
    coverage: Coverage = measure_coverage(page.markdown, texts)
    lost = [drop for drop in dropped if drop.page == page.number]
    grounded = sum(insight.grounding in ("grounded", "derived") for insight in insights)
    return {
        "insights": len(insights),
        "grounded": grounded,
        "grounded_share": _share(grounded, len(insights) + len(lost)),
        "numbers": coverage.numbers,
        "numbers_carried": coverage.numbers_carried,
        "names": coverage.names,
        "names_carried": coverage.names_carried,
        "missing": list(coverage.missing[:LISTED]),
        "duplicates": len(texts) - len({text.lower() for text in texts}),
        "tokens": _estimate_tokens(page.markdown),
        "insight_tokens": sum(map(_estimate_tokens, texts)),
        "dropped": len(lost),
        "dropped_insights": [{"text": drop.text, "reason": drop.reason} for drop in lost[:LISTED]],
    }


def _estimate_tokens(text: str) -> int:
    return -(-len(text) // CHARACTERS_A_TOKEN)


def _total_share(by_page: dict[int, Json], name: str) -> float:
    return _share(sum(q[f"{name}_carried"] for q in by_page.values()), sum(q[name] for q in by_page.values()))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
