import io
from collections.abc import Sequence
from functools import partial

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from app.convert.document import Table
from app.convert.pdf import convert_pdf
from app.errors import ConversionFailed
from tests.unit.convert.drawing import (
    draw_box,
    draw_change_columns,
    draw_columns,
    draw_dates_below_names,
    draw_long_table,
    draw_pdf,
    draw_right_aligned_headers,
    draw_statement,
)


@pytest.fixture(scope="module")
def statement() -> Table:
    (table,) = convert_pdf(draw_pdf(draw_statement), max_pages=10).pages[0].tables
    return table


def test_every_value_column_has_its_header_path_from_the_top(statement: Table) -> None:
    assert statement.columns == (
        ("Three Months Ended", "July 1, 2023"),
        ("Three Months Ended", "June 25, 2022"),
        ("Nine Months Ended", "July 1, 2023"),
        ("Nine Months Ended", "June 25, 2022"),
    )


def test_headers_at_the_right_edge_of_their_group_span_it() -> None:
    (table,) = convert_pdf(draw_pdf(draw_right_aligned_headers), max_pages=10).pages[0].tables
    assert [" ".join(path) for path in table.columns] == [
        "Three Months Ended December 31, 2022",
        "Three Months Ended December 31, 2021",
        "Six Months Ended December 31, 2022",
        "Six Months Ended December 31, 2021",
    ]


def test_a_header_over_the_middle_of_three_columns_spans_them() -> None:
    (table,) = convert_pdf(draw_pdf(draw_change_columns), max_pages=10).pages[0].tables
    spanned = [path[0] for path in table.columns]
    assert spanned == ["Three Months Ended"] * 3 + ["Nine Months Ended"] * 3


def test_title_and_units_above_a_table_are_its_caption_and_note(statement: Table) -> None:
    assert statement.caption == "CONSOLIDATED STATEMENTS OF OPERATIONS"
    assert statement.unit_note == "(In millions, except per share amounts)"


def test_currency_sign_and_closing_bracket_belong_to_their_number(statement: Table) -> None:
    assert statement.rows[1].cells == ("$60,584", "$63,355", "$230,901", "$245,241")
    assert statement.rows[-1].cells == ("(265)", "(10)", "(594)", "(97)")


def test_rows_stand_under_their_section(statement: Table) -> None:
    assert [(row.label, row.path) for row in statement.rows[:4]] == [
        ("Net sales:", ()),
        ("Products", ("Net sales:",)),
        ("Services", ("Net sales:",)),
        ("Total net sales", ("Net sales:",)),
    ]


def test_label_over_two_lines_is_one_label(statement: Table) -> None:
    assert statement.rows[-1].label == "Adjustment for net gains and losses realized and included in net income"


def test_markdown_of_a_page_shows_the_table_with_its_headers() -> None:
    markdown = convert_pdf(draw_pdf(draw_statement), max_pages=10).pages[0].markdown
    assert "| Total net sales | 81,797 | 82,959 | 293,787 | 304,182 |" in markdown
    assert "Three Months Ended July 1, 2023 |" in markdown


def test_left_text_column_is_read_before_the_right_one() -> None:
    markdown = convert_pdf(draw_pdf(draw_columns), max_pages=10).pages[0].markdown
    assert markdown.index("left column goes on in its line 7") < markdown.index("right column goes on in its line 0")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_turned_page_reads_like_an_upright_one(rotation: int) -> None:
    page = convert_pdf(draw_pdf(draw_statement, rotation=rotation), max_pages=10).pages[0]
    assert page.tables[0].rows[3].cells[0] == "81,797"


def test_page_numbers_count_pdf_pages_and_an_image_page_says_what_it_is() -> None:
    converted = convert_pdf(draw_pdf(draw_box, draw_columns), max_pages=10)
    assert [page.number for page in converted.pages] == [1, 2]
    assert "is an image" in converted.pages[0].markdown


def test_pdf_of_images_only_fails_and_says_why() -> None:
    with pytest.raises(ConversionFailed, match="OCR"):
        convert_pdf(draw_pdf(draw_box), max_pages=10)


def test_pdf_with_a_password_fails_and_says_why() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(draw_pdf(draw_columns))))
    writer.encrypt("secret", algorithm="AES-256")
    file = io.BytesIO()
    writer.write(file)
    with pytest.raises(ConversionFailed, match="needs a password"):
        convert_pdf(file.getvalue(), max_pages=10)


@pytest.mark.parametrize("keep", [10, 200, 600])
def test_truncated_pdf_fails_as_damaged(keep: int) -> None:
    with pytest.raises(ConversionFailed, match=r"damaged|no pages|no text"):
        convert_pdf(draw_pdf(draw_columns)[:keep], max_pages=10)


def test_more_pages_than_allowed_fail() -> None:
    with pytest.raises(ConversionFailed, match="3 pages; at most 2"):
        convert_pdf(draw_pdf(draw_columns, draw_columns, draw_columns), max_pages=2)


def test_dates_set_under_repeated_names_stand_for_the_whole_group() -> None:
    (table,) = convert_pdf(draw_pdf(draw_dates_below_names), max_pages=5).pages[0].tables
    assert table.columns == (
        ("Gross", "June 30, 2023"),
        ("Net", "June 30, 2023"),
        ("Gross", "June 30, 2022"),
        ("Net", "June 30, 2022"),
    )


def test_table_that_goes_on_over_the_page_keeps_its_columns() -> None:
    content = draw_pdf(partial(draw_long_table, first=True), partial(draw_long_table, first=False))
    first, second = (page.tables[0] for page in convert_pdf(content, max_pages=5).pages)
    assert first.columns == second.columns == (("2023",), ("2022",))
    assert [row.label for row in second.rows] == ["Pier E", "Pier F", "Pier G", "Pier H"]


def test_table_after_text_does_not_take_the_columns_of_the_page_before() -> None:
    def draw(canvas: Canvas) -> None:
        for line in range(4):
            canvas.drawString(30, 790 - 12 * line, "These piers are of another harbour; nothing above speaks of them.")
        draw_long_table(canvas, first=False)

    table = convert_pdf(draw_pdf(partial(draw_long_table, first=True), draw), max_pages=5).pages[1].tables[0]
    assert table.columns == ((), ())


def test_a_line_in_the_middle_of_a_sentence_starts_no_paragraph_however_far_below_it_stands() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for y, line in (
            (700, "The harbour has two piers. Its northern pier was rebuilt after the storm."),
            (688, "It is used by ferries, and its rebuilding took three years and cost $6.3"),
            (670, "million and $19.7 million, respectively."),
            (640, "Another paragraph begins here."),
        ):
            canvas.drawString(50, y, line)

    page = convert_pdf(draw_pdf(draw), max_pages=5).pages[0].markdown
    assert "cost $6.3 million and $19.7 million, respectively.\n\nAnother" in page


def test_words_set_in_another_direction_are_read_by_themselves() -> None:
    def draw(canvas: Canvas) -> None:
        for number in range(12):
            canvas.drawString(72, 700 - 14 * number, f"Line {number} of the text is level.")
        for x, angle, text in ((30, 90, "Printed in May 2023"), (300, 45, "Second draft")):
            canvas.saveState()
            canvas.translate(x, 500)
            canvas.rotate(angle)
            canvas.drawString(0, 0, text)
            canvas.restoreState()

    level, *aside = convert_pdf(draw_pdf(draw), max_pages=5).pages[0].markdown.split("\n\n")
    assert level == " ".join(f"Line {number} of the text is level." for number in range(12))
    assert aside == ["Printed in May 2023", "Second draft"]


def read_drawn(rows: Sequence[tuple[str, Sequence[str]]], *, edges: Sequence[int], indent: int) -> Table:
    """Return the table of a page with these rows: labels, set in where they begin with a blank, and figures."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for number, (label, values) in enumerate(rows):
            y = 700 - 14 * number
            canvas.drawString(50 + indent * label.startswith(" "), y, label.strip())
            for x, value in zip(edges, values, strict=False):
                canvas.drawRightString(x, y, value)

    (table,) = convert_pdf(draw_pdf(draw), max_pages=5).pages[0].tables
    return table


def test_figure_right_behind_a_long_label_stands_in_its_column() -> None:
    rows = (
        ("", ("Shares", "Price")),
        ("April:", ()),
        ("  Purchases in the open market and otherwise", ("38,121", "$165.46")),
        ("Total", ("102,673", "$174.91")),
    )
    table = read_drawn(rows, edges=(290, 400), indent=8)
    assert [(row.path, row.label, row.cells) for row in table.rows[1:]] == [
        (("April:",), "Purchases in the open market and otherwise", ("38,121", "$165.46")),
        ((), "Total", ("102,673", "$174.91")),
    ]


def test_row_set_in_that_lacks_one_figure_keeps_its_label() -> None:
    rows = (
        ("", ("Shares", "Price", "Left")),
        ("April:", ()),
        ("  Open market", ("38,121", "$165.46")),
        ("Total", ("102,673", "$174.91", "$94,569")),
    )
    table = read_drawn(rows, edges=(290, 400, 500), indent=16)
    assert (table.rows[1].label, table.rows[1].cells) == ("Open market", ("38,121", "$165.46", ""))


def test_balance_set_out_as_far_as_its_period_stands_in_that_period() -> None:
    rows = (
        ("", ("March 31, 2023", "June 30, 2022")),
        ("Products", ("$20,504", "$24,558")),
        ("Nine Months Ended March 31, 2023", ()),
        ("Balance, beginning of period", ("", "$48,408")),
        ("  Deferral of revenue", ("", "78,046")),
        ("Balance, end of period", ("", "$39,601")),
    )
    table = read_drawn(rows, edges=(350, 500), indent=16)
    assert [row.path for row in table.rows[2:]] == [("Nine Months Ended March 31, 2023",)] * 3
