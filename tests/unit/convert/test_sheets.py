import io
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest
import xlwt
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from app.convert.registry import detect
from app.convert.sheets import convert_xls, convert_xlsx
from app.errors import ConversionFailed, UnsupportedMedia
from tests.unit.convert.zipping import pack, rewrite

SALES = (("", "2025", ""), ("", "Q1", "Q2"), ("Boats", 5, 6), ("Cars", 7, 8))
PARTS = "xl/worksheets/sheet1.xml"


def workbook(write: Callable[[Worksheet], object], *more: Callable[[Worksheet], object]) -> bytes:
    book = Workbook()
    assert book.active is not None
    write(book.active)
    for number, other in enumerate(more, start=2):
        other(book.create_sheet(f"Sheet {number}"))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def put(sheet: Worksheet, rows: Sequence[Sequence[Any]], *, top: int = 1, left: int = 1) -> None:
    for row, line in enumerate(rows, start=top):
        for column, value in enumerate(line, start=left):
            sheet.cell(row, column, value if value != "" else None)


def test_page_is_cited_by_its_range_and_values_stand_as_shown() -> None:
    def write(sheet: Worksheet) -> None:
        sheet.title = "Summary"
        put(sheet, [("$ million", "", ""), ("", "Share", "Date"), ("Boats", 0.25, date(2025, 9, 3))], top=2, left=2)
        sheet["C4"].number_format = "0.0%"
        sheet["D4"].number_format = "d mmm yyyy"

    (page,) = convert_xlsx(workbook(write), max_pages=5).pages
    assert page.label == "Summary!B2:D4"
    assert page.tables[0].rows[0].cells == ("25.0%", "3 Sep 2025")
    assert page.tables[0].unit_note == "$ million"


def test_merged_headers_stand_over_every_column_they_cover() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, SALES)
        sheet.merge_cells("B1:C1")

    (table,) = convert_xlsx(workbook(write), max_pages=5).pages[0].tables
    assert table.columns == (("2025", "Q1"), ("2025", "Q2"))


def test_label_merged_over_rows_stands_in_each_of_them() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, [("Region", "Kind", "2025"), ("Europe", "Boats", 5), ("", "Cars", 7), ("Asia", "Boats", 9)])
        sheet.merge_cells("A2:A3")

    (table,) = convert_xlsx(workbook(write), max_pages=5).pages[0].tables
    assert [(row.label, row.cells) for row in table.rows] == [
        ("Europe", ("Boats", "5")), ("Europe", ("Cars", "7")), ("Asia", ("Boats", "9")),
    ]  # fmt: skip


def test_labels_set_in_by_a_column_stand_under_their_heading() -> None:
    rows = [
        ("", "", "2025", "2024"),
        ("Sales", "", "", ""),
        ("", "Boats", 5, 6),
        ("", "Cars", 7, 8),
        ("Total", "", 12, 14),
    ]
    (table,) = convert_xlsx(workbook(lambda sheet: put(sheet, rows)), max_pages=5).pages[0].tables
    assert [(row.path, row.label) for row in table.rows] == [
        ((), "Sales"), (("Sales",), "Boats"), (("Sales",), "Cars"), ((), "Total"),
    ]  # fmt: skip


def test_quarters_closed_by_a_year_belong_to_it() -> None:
    rows = [("", "Q1", "Q2", "Q3", "Q4", 2024), ("Boats", 1, 2, 3, 4, 10)]
    (table,) = convert_xlsx(workbook(lambda sheet: put(sheet, rows)), max_pages=5).pages[0].tables
    assert table.columns == (("2024", "Q1"), ("2024", "Q2"), ("2024", "Q3"), ("2024", "Q4"), ("2024",))


def test_tables_apart_become_pages_of_their_own_behind_an_outline() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, SALES[1:])
        put(sheet, [("", "2023", "2022"), ("Ships", 1, 2), ("Trains", 3, 4), ("Planes", 5, 6)], top=8)
        put(sheet, [("Port", "2023", "2022"), ("Oslo", 1, 2), ("Bergen", 3, 4), ("Malmö", 5, 6)], top=8, left=6)

    outline, *pages = convert_xlsx(workbook(write), max_pages=9).pages
    assert [page.label for page in pages] == ["Sheet!A1:C3", "Sheet!A8:C11", "Sheet!F8:H11"]
    assert all(page.label in outline.markdown for page in pages)
    assert "Ships; Trains; Planes" in outline.markdown


def test_long_table_repeats_its_header_and_says_which_rows_stand_where() -> None:
    rows = [("Name", "Amount"), *((f"row {n}", n) for n in range(1, 1001))]
    pages = convert_xlsx(workbook(lambda sheet: put(sheet, rows)), max_pages=50).pages
    assert len(pages) > 2
    assert all(page.tables[0].columns == (("Amount",),) for page in pages)
    ends = [int(page.label.rpartition("B")[2]) for page in pages]
    assert [page.tables[0].rows[-1].label for page in pages] == [f"row {end - 1}" for end in ends]


def test_formulas_stand_beside_values_and_alone_where_nothing_was_computed() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, [("", "2025", "2024"), ("Boats", 5, 6), ("Cars", 7, 8), ("Total", "=SUM(B2:B3)", "=SUM(C2:C3)")])

    def compute(xml: bytes) -> bytes:
        return xml.replace(b"<f>SUM(B2:B3)</f><v></v>", b"<f>SUM(B2:B3)</f><v>12</v>").replace(
            b"<f>SUM(B2:B3)</f><v/>", b"<f>SUM(B2:B3)</f><v>12</v>"
        )

    (page,) = convert_xlsx(rewrite(workbook(write), {PARTS: compute}), max_pages=5).pages
    assert page.tables[0].rows[-1].cells == ("12", "=SUM(C2:C3)")
    assert "Formulas: B4 `=SUM(B2:B3)`; C4 `=SUM(C2:C3)`" in page.markdown


def test_hidden_rows_columns_and_sheets_are_read_and_said_to_be_hidden() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, SALES[1:])
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["C"].hidden = True

    def hide(sheet: Worksheet) -> None:
        put(sheet, SALES[1:])
        sheet.sheet_state = "hidden"

    _, first, second = convert_xlsx(workbook(write, hide), max_pages=5).pages
    assert "Hidden rows: 3\n\nHidden columns: C" in first.markdown
    assert "## Sheet 2 A1:C3 (hidden sheet)" in second.markdown


def test_notes_on_cells_are_read() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, SALES[1:])
        sheet["B2"].comment = Comment("Restated", "Ada")

    assert "Notes on cells: B2: Restated" in convert_xlsx(workbook(write), max_pages=5).pages[0].markdown


def test_a_name_beside_one_value_is_set_off_from_it() -> None:
    def write(sheet: Worksheet) -> None:
        sheet["A1"], sheet["B1"] = "Closed on", date(2024, 12, 31)

    assert "Closed on: 2024-12-31" in convert_xlsx(workbook(write), max_pages=5).pages[0].markdown


def test_raised_letters_that_refer_to_footnotes_are_left_out() -> None:
    def write(sheet: Worksheet) -> None:
        raised = InlineFont(vertAlign="superscript")
        for row, (text, mark, more) in enumerate(
            [("Retail sites", "a b", ""), ("Gas in m", "3", " a day"), ("The 4", "th", " plant")], start=1
        ):
            sheet.cell(row, 1).value = CellRichText(text, TextBlock(raised, mark), more)
            sheet.cell(row, 2).value = 8150 + row

    markdown = convert_xlsx(workbook(write), max_pages=5).pages[0].markdown
    assert all(f"| {label} |" in markdown for label in ("Retail sites", "Gas in m3 a day", "The 4th plant"))


def test_styles_tell_headings_and_indents() -> None:
    def write(sheet: Worksheet) -> None:
        put(sheet, [("", "2025", "2024"), ("Sales", "", ""), ("Boats", 5, 6), ("Costs", 1, 2)])
        sheet["A2"].font = Font(bold=True)
        sheet["A3"].alignment = Alignment(indent=2)

    (table,) = convert_xlsx(workbook(write), max_pages=5).pages[0].tables
    assert [row.path for row in table.rows] == [(), ("Sales",), ()]


def test_sheet_of_far_apart_cells_is_read_without_the_emptiness_between() -> None:
    def write(sheet: Worksheet) -> None:
        sheet["A1"], sheet["XFD1048576"] = "here", "there"

    pages = convert_xlsx(workbook(write), max_pages=5).pages
    assert "here" in pages[-1].markdown
    assert "there" in pages[-1].markdown


def old_workbook(write: Callable[[Any], object]) -> bytes:
    book = xlwt.Workbook()
    write(book.add_sheet("Old"))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_older_workbook_is_read_the_same_way() -> None:
    def write(sheet: Any) -> None:
        sheet.write_merge(0, 0, 1, 2, "2025")
        for row, line in enumerate(SALES[1:], start=1):
            for column, value in enumerate(line):
                style = xlwt.easyxf(num_format_str="0.0%" if value == 5 else "d mmm yyyy" if value == 8 else "General")
                sheet.write(row, column, value, style)

    content = old_workbook(write)
    assert detect(content, "a.xls") == "application/vnd.ms-excel"
    (page,) = convert_xls(content, max_pages=5).pages
    assert page.label == "Old!A1:C4"
    assert page.tables[0].columns == (("2025", "Q1"), ("2025", "Q2"))
    assert [row.cells for row in page.tables[0].rows] == [("500.0%", "6"), ("7", "8 Jan 1900")]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: rewrite(content, {PARTS: lambda xml: xml[: len(xml) // 2]}),
        lambda content: rewrite(content, {"xl/workbook.xml": lambda _: None}),
        lambda content: rewrite(content, {"xl/styles.xml": lambda _: b"<no"}),
    ],
)
def test_damaged_workbooks_end_with_a_reason(damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ConversionFailed, match="damaged"):
        convert_xlsx(damage(workbook(lambda sheet: put(sheet, SALES))), max_pages=5)


def test_damaged_older_workbook_and_empty_one_end_with_a_reason() -> None:
    content = old_workbook(lambda sheet: sheet.write(0, 0, "text"))
    with pytest.raises(ConversionFailed, match="damaged"):
        convert_xls(content[:3000], max_pages=5)
    with pytest.raises(ConversionFailed, match="no cells"):
        convert_xlsx(workbook(lambda _: None), max_pages=5)
    with pytest.raises(ConversionFailed, match="at most 1 "):
        convert_xlsx(workbook(lambda s: put(s, SALES), lambda s: put(s, SALES)), max_pages=1)


def test_binary_workbook_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedMedia, match="Excel binary workbook"):
        detect(pack({"[Content_Types].xml": b"", "xl/workbook.bin": b""}), "a.xlsb")
