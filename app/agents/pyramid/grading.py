"""A window's insights after the gate: placed, grounded or dropped, and what they leave uncovered."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from app.agents.pyramid.coverage import measure_coverage
from app.agents.pyramid.grounding import Ground, Verdict
from app.agents.pyramid.placing import PagePlaces
from app.agents.pyramid.schemas import Card, Drop, Insight, WindowResult
from app.agents.pyramid.window import merge_insights
from app.convert.document import Page

COVERAGE_WANTED = 0.7
ASKED = 60


class WindowPages:
    """The pages of a window with what is needed to judge insights about them; made for one judgement, on a thread."""

    def __init__(self, pages: Sequence[Page], card: Card, *, filename: str, before: Page | None) -> None:
        self.pages = list(pages)
        self._card = card
        self._filename = filename
        ahead = [before, *pages]
        self._before = {page.number: ahead[i] for i, page in enumerate(pages)}
        self._places: dict[int, PagePlaces] = {}

    @cached_property
    def _ground(self) -> Ground:
        return Ground(self.pages, self._card, filename=self._filename, before=self._before[self.pages[0].number])

    def keep_grounded(self, insights: Sequence[Insight], settled: Sequence[Insight]) -> tuple[WindowResult, list[str]]:
        """Return what `judge` leaves, with what it drops listed, and what `find_missing` finds missing in that."""
        result = drop_ungrounded(*self.judge(insights, settled))
        return result, self.find_missing(result.insights)

    def judge(
        self, insights: Sequence[Insight], settled: Sequence[Insight]
    ) -> tuple[WindowResult, Mapping[int, Verdict]]:
        """Return the result with every insight placed, and by index the verdicts of those that are not grounded.

        `settled` are insights judged in the window before; they are taken as they are.
        """
        known = {(insight.page, insight.text): insight for insight in settled}
        judged, bad = [], {}
        for index, insight in enumerate(insights):
            if same := known.get((insight.page, insight.text)):
                judged.append(same)
                continue
            verdict = self._check(insight)
            if verdict.grounding == "ungrounded":
                bad[index] = verdict
                judged.append(insight.model_copy(update={"grounding": "ungrounded"}))
            else:
                judged.append(self._place(insight, verdict))
        return WindowResult(insights=judged), bad

    def find_missing(self, insights: Sequence[Insight]) -> list[str]:
        """Return figures and names of badly covered pages, for one more question."""
        missing: list[str] = []
        for page in self.pages:
            coverage = measure_coverage(page.markdown, (i.text for i in insights if i.page == page.number))
            if coverage.share < COVERAGE_WANTED:
                missing.extend(coverage.missing)
        return missing[:ASKED]

    def _check(self, insight: Insight) -> Verdict:
        """Return the verdict of the ground; a right figure in a wrong row is not grounded either."""
        verdict = self._ground.check(insight.text, insight.page)
        if verdict.grounding == "ungrounded" or not any(page.tables for page in self.pages):
            return verdict
        misplaced = self._places_on(verdict.page).find_misplaced(insight.text)
        if not misplaced:
            return verdict
        return replace(verdict, grounding="ungrounded", problems=(*verdict.problems, *misplaced))

    def _place(self, insight: Insight, verdict: Verdict) -> Insight:
        moved = insight.model_copy(update={"page": verdict.page, "grounding": verdict.grounding})
        return self._places_on(verdict.page).place(moved)

    def _places_on(self, number: int) -> PagePlaces:
        if number not in self._places:
            page = next(page for page in self.pages if page.number == number)
            self._places[number] = PagePlaces(page, self._card, self._before[number])
        return self._places[number]


def drop_ungrounded(result: WindowResult, bad: Mapping[int, Verdict]) -> WindowResult:
    """Return the result without its ungrounded insights, which are listed with the reason, and without doubles."""
    kept = [insight for index, insight in enumerate(result.insights) if index not in bad]
    dropped = [
        Drop(page=result.insights[index].page, text=result.insights[index].text, reason=" ".join(verdict.problems))
        for index, verdict in bad.items()
    ]
    return result.model_copy(update={"insights": merge_insights(kept), "dropped": [*result.dropped, *dropped]})
