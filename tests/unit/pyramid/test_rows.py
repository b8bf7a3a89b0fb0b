"""Right figures in the wrong row."""

import pytest

from app.agents.pyramid.rows import PageRows
from app.convert.document import Page, Table, TableRow

ROWS = (
    ("Products", "60,584"), ("Services", "21,213"), ("Total net sales", "81,797"), ("Operating income", "22,998"),
    ("Net income", "19,881"), ("Net income of subsidiaries", "1,204"), ("Total", "99,480"),
    ("Balance at June 24, 2023", "60,274"), ("Balance at July 1, 2023", "62,146"),
)  # fmt: skip
TABLE = Table(
    number=1,
    columns=(("Three Months Ended", "July 1, 2023"),),
    rows=tuple(TableRow(label=label, cells=(value,), path=("Net sales:",)) for label, value in ROWS),
)
MARKDOWN = "Research cost $777 million.\n\n| | July 1, 2023 |\n| --- | --- |\n| Products | 60,584 |"


@pytest.fixture
def rows() -> PageRows:
    return PageRows(Page(number=1, markdown=MARKDOWN, tables=(TABLE,)))


def test_a_figure_of_another_row_than_the_one_named_is_told_with_both(rows: PageRows) -> None:
    assert rows.find_misplaced("Apple's net sales from Services were $60,584 million.") == [
        "$60,584 million stands in the row “Products”, not “Services”."
    ]
    assert rows.find_misplaced("Operating income came to 81,797 million dollars.")


def test_of_two_rows_named_the_one_with_more_words_is_meant(rows: PageRows) -> None:
    assert rows.find_misplaced("The net income of subsidiaries was $19,881 million.")
    assert not rows.find_misplaced("The net income was $19,881 million.")


def test_a_total_is_no_part_and_one_day_not_another(rows: PageRows) -> None:
    assert rows.find_misplaced("Services brought $99,480 million.")
    assert not rows.find_misplaced("In total, net sales of services and the rest brought $99,480 million.")
    assert rows.find_misplaced("The balance was $60,274 million as of July 1, 2023.")
    assert not rows.find_misplaced("The balance was $62,146 million as of July 1, 2023.")


@pytest.mark.parametrize(
    "text",
    [
        "Apple's net sales from Services were $21,213 million.",
        "Revenue was $81,797 million in the quarter.",
        "Services cost $777 million.",
        "Products and services brought $60,584 million and $21,213 million.",
        "Services grew by 5%.",
    ],
)
def test_the_named_row_other_words_for_it_and_figures_of_the_text_are_right(rows: PageRows, text: str) -> None:
    assert rows.find_misplaced(text) == []
