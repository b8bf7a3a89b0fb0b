from collections.abc import Sequence

from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, Table

from app.convert.pdf import convert_pdf
from tests.unit.convert.drawing import Draw, draw_pdf

GRID = ("GRID", (0, 0), (-1, -1), 0.5, "black")
Command = tuple[object, ...]


def boxed(rows: Sequence[Sequence[object]], *style: Command, widths: Sequence[float] = (100, 200, 100)) -> Draw:
    """Return a drawing of a table between two lines of text."""

    def draw(canvas: Canvas) -> None:
        table = Table(rows, colWidths=widths, style=[GRID, *style])
        _, height = table.wrapOn(canvas, 500, 500)
        canvas.drawString(60, 720, "What stands above.")
        table.drawOn(canvas, 60, 700 - height)
        canvas.drawString(60, 680 - height, "What stands below.")

    return draw


def read(draw: Draw, *, rotation: int = 0) -> str:
    (page,) = convert_pdf(draw_pdf(draw, rotation=rotation), max_pages=5).pages
    return page.markdown


def test_table_of_words_is_read_by_its_lines() -> None:
    rows = [["Name", "Role", "Place"], ["Ann", "Chief executive officer", "Oslo"], ["Bob", "Head of sales", "Rome"]]
    assert read(boxed(rows)).split("\n\n") == [
        "What stands above.",
        "| Name | Role | Place |\n| --- | --- | --- |\n"
        "| Ann | Chief executive officer | Oslo |\n| Bob | Head of sales | Rome |",
        "What stands below.",
    ]


def test_words_of_a_cell_over_several_lines_stay_together() -> None:
    told = "Analysers are checked twice a year at the place of the customer, and the pumps whenever they are louder."
    cell = Paragraph(told, getSampleStyleSheet()["Normal"])
    markdown = read(boxed([["Name", "Service", "Hours"], ["HX-40", cell, "19"], ["HX-20", "None", "7"]]))
    assert f"| HX-40 | {told} | 19 |" in markdown


def test_cell_over_several_rows_stands_in_each_of_them() -> None:
    rows = [["Plant", "Product", "Units"], ["Durham", "Pump", "40"], ["", "Valve", "60"], ["Gothenburg", "Lens", "5"]]
    markdown = read(boxed(rows, ("SPAN", (0, 1), (0, 2))))
    assert "| Durham | Pump | 40 |\n| Durham | Valve | 60 |\n| Gothenburg | Lens | 5 |" in markdown


def test_header_over_several_columns_spans_them() -> None:
    rows = [["", "Units sold", ""], ["Plant", "2025", "2024"], ["Durham", "1,040", "990"], ["Gothenburg", "60", "58"]]
    markdown = read(boxed(rows, ("SPAN", (1, 0), (2, 0)), widths=(100, 80, 80)))
    assert "| Plant | Units sold 2025 | Units sold 2024 |" in markdown


def test_words_beside_a_frame_are_no_table() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.rect(60, 600, 200, 100)
        canvas.line(160, 600, 160, 700)
        canvas.line(60, 650, 260, 650)
        canvas.drawString(300, 660, "Words right of the frame.")
        canvas.drawString(70, 660, "Within")

    assert "|" not in read(draw)


def test_figures_that_share_a_box_are_read_by_where_they_stand() -> None:
    rows = [["", "2025", "2024"], ["Laboratory\nSoftware", "412\n97", "372\n70"], ["Total", "509", "442"]]
    assert "| Laboratory | 412 | 372 |\n| Software | 97 | 70 |" in read(boxed(rows))


def columns_of(rows: Sequence[Sequence[str]], *, bold: int = 0, places: Sequence[float] = (60, 200, 400)) -> Draw:
    """Return a drawing of rows whose words begin at the same places, the first ones in bold type."""

    def draw(canvas: Canvas) -> None:
        for number, row in enumerate(rows):
            canvas.setFont("Helvetica-Bold" if number < bold else "Helvetica", 10)
            for x, text in zip(places, row, strict=True):
                canvas.drawString(x, 700 - 14 * number, text)

    return draw


PEOPLE = [("Ann Lee", "Chief executive officer", "Oslo"), ("Bob Ray", "Head of sales", "Rome"), ("Cy", "Law", "Bern")]


def test_words_in_columns_without_lines_are_a_table() -> None:
    body = "\n| Ann Lee | Chief executive officer | Oslo |\n| Bob Ray | Head of sales | Rome |\n| Cy | Law | Bern |"
    assert read(columns_of([("Name", "Role", "Place"), *PEOPLE], bold=1)) == (
        "| Name | Role | Place |\n| --- | --- | --- |" + body
    )
    assert read(columns_of(PEOPLE)) == "|  |  |  |\n| --- | --- | --- |" + body
    measured = [("Measure", "Found", "Verdict"), ("Pulse", "78 a minute", "good"), ("Fever", "38.4 °C", "high")]
    assert read(columns_of(measured)).startswith("| Measure | Found | Verdict |")


def test_prose_in_three_columns_is_no_table() -> None:
    rows = [("The left one goes on", "The middle one goes on", "The right one goes on")] * 6
    assert "|" not in read(columns_of(rows, places=(50, 220, 390)))
