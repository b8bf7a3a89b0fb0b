"""Questions a collection suggests: whole, answerable, and free of what only stood beside the figure."""

import pytest

from app.knowledge.overview import phrase_question


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        (
            "Cash and cash equivalents were $362.9 million as of September 30, 2025.",
            "What were cash and cash equivalents as of September 30, 2025?",
        ),
        (
            "Total net sales were $698.4 million in the third quarter of 2025, compared with $602.8 million in 2024.",
            "What were total net sales in the third quarter of 2025?",
        ),
        (
            "Halden's net sales were $412.6 million in the three months ended September 30, 2025 (Income statement).",
            "What were Halden's net sales in the three months ended September 30, 2025?",
        ),
        ("The Durham plant stopped for nine days from August 14, 2025.", None),
    ],
)
def test_a_figure_is_asked_for_by_its_measure_and_period(told: str, asked: str | None) -> None:
    assert phrase_question(told) == asked
