"""Whether two sentences say the same thing, decided without a model: words, figures, periods, negation, direction."""

from collections.abc import Sequence

from app.knowledge.claims.words import find_direction, find_names, find_stems, is_negated
from app.knowledge.figures import derive_figure, find_figures, match_figure, normal_forms
from app.knowledge.number_words import write_digits
from app.knowledge.periods import find_periods

SHARED = 0.7
FEW = 40


def say_the_same(one: str, other: str) -> bool:
    """Tell whether two sentences near in meaning differ in wording only; any other figure or name tells them apart."""
    one, other = write_digits(one), write_digits(other)
    if set(normal_forms(one)) != set(normal_forms(other)) or _periods(one) != _periods(other):
        return False
    if is_negated(one) != is_negated(other) or find_direction(one) != find_direction(other):
        return False
    if find_names(one) != find_names(other):
        return False
    mine, theirs = find_stems(one), find_stems(other)
    return len(mine & theirs) >= SHARED * len(mine | theirs)


def figures_missing_from(text: str, sources: Sequence[str]) -> list[str]:
    """Return the figures of a text that none of the sources gives, and that do not follow from two of their figures."""
    given = [figure for source in sources for figure in find_figures(source)]
    figures = [figure for figure in find_figures(text) if figure.kind != "year"]
    return [f.text for f in figures if not match_figure(f, given) and derive_figure(f, given[:FEW]) is None]


def _periods(text: str) -> set[str]:
    return {period.form for _, _, period in find_periods(text)}
