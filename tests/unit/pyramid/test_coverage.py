from app.agents.pyramid.coverage import measure_coverage


def test_figures_and_names_that_no_insight_carries_are_named() -> None:
    page = "Sales were $81,797 million in 2023. Luca Maestri left. Costs were 45,384."
    coverage = measure_coverage(page, ["Sales were $81,797 million."])
    assert (coverage.numbers, coverage.numbers_carried) == (2, 1)
    assert coverage.missing == ("45,384", "Luca Maestri")
    assert coverage.share == 1 / 3


def test_a_page_without_figures_and_names_is_covered() -> None:
    assert measure_coverage("nothing here", []).share == 1.0


def test_addresses_and_number_formats_of_a_workbook_are_not_to_be_carried() -> None:
    page = "## Sales A1:D5\n\nFormats: `0.00%` B3:C5 (16 cells)\n\nFormulas: D22 `=B22+C22`\n\nTax rate: 21.5%"
    assert measure_coverage(page, []).missing == ("21.5%",)
