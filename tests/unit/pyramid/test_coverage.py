from app.agents.pyramid.coverage import measure_coverage


def test_figures_and_names_that_no_insight_carries_are_named() -> None:
    page = "Sales were $81,797 million in 2023. Luca Maestri left. Costs were 45,384."
    coverage = measure_coverage(page, ["Sales were $81,797 million."])
    assert (coverage.numbers, coverage.numbers_carried) == (2, 1)
    assert coverage.missing == ("45,384", "Luca Maestri")
    assert coverage.share == 1 / 3


def test_a_page_without_figures_and_names_is_covered() -> None:
    assert measure_coverage("nothing here", []).share == 1.0
