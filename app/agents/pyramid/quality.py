"""How well a document was read, by page and over all: the figures behind `/documents/{id}/quality`."""

from collections.abc import Sequence

from app.agents.pyramid.coverage import Coverage, measure_coverage
from app.agents.pyramid.schemas import Drop, Insight
from app.convert.document import Page
from app.db import Json

LISTED = 100


def measure_pages(pages: Sequence[Page], insights: Sequence[Insight], dropped: Sequence[Drop]) -> dict[int, Json]:
    """Return by page number how much of it is carried and how much of that is grounded."""
    by_page: dict[int, list[Insight]] = {page.number: [] for page in pages}
    for insight in insights:
        by_page[insight.page].append(insight)
    return {page.number: _page_quality(page, by_page[page.number], dropped) for page in pages}


def measure_document(
    pages: Sequence[Page], insights: Sequence[Insight], dropped: Sequence[Drop], by_page: dict[int, Json]
) -> Json:
    """Return the document's figures: grounded share, coverage, doubles, compression (characters), what was dropped."""
    read = sum(len(page.markdown) for page in pages)
    told = sum(len(insight.text) for insight in insights)
    grounded = sum(insight.grounding in ("grounded", "derived") for insight in insights)
    judged = len(insights) + len(dropped)
    return {
        "insights": len(insights),
        "grounded_share": _share(grounded, judged),
        "number_coverage": _total_share(by_page, "numbers"),
        "name_coverage": _total_share(by_page, "names"),
        "duplicates": len(insights) - len({insight.text.lower() for insight in insights}),
        "compression": round(read / told, 2) if told else None,
        "dropped": len(dropped),
        "dropped_insights": [drop.model_dump() for drop in dropped[:LISTED]],
    }


def _page_quality(page: Page, insights: Sequence[Insight], dropped: Sequence[Drop]) -> Json:
    coverage: Coverage = measure_coverage(page.markdown, (insight.text for insight in insights))
    return {
        "insights": len(insights),
        "grounded": sum(insight.grounding in ("grounded", "derived") for insight in insights),
        "dropped": sum(drop.page == page.number for drop in dropped),
        "numbers": coverage.numbers,
        "numbers_carried": coverage.numbers_carried,
        "names": coverage.names,
        "names_carried": coverage.names_carried,
        "missing": list(coverage.missing[:LISTED]),
    }


def _total_share(by_page: dict[int, Json], name: str) -> float:
    return _share(sum(q[f"{name}_carried"] for q in by_page.values()), sum(q[name] for q in by_page.values()))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 1.0
