"""Small PDFs drawn for the tests."""

import io
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas

Draw = Callable[[Canvas], None]


def draw_pdf(*pages: Draw, rotation: int = 0) -> bytes:
    """Return a PDF with one page a function."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=letter)
    for draw in pages:
        canvas.setPageRotation(rotation)
        draw(canvas)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def draw_statement(canvas: Canvas) -> None:
    """Draw an income statement as filings set it: spanning headers, "$" apart, a label over two lines."""
    canvas.setFont("Helvetica-Bold", 10)
    canvas.drawCentredString(306, 740, "CONSOLIDATED STATEMENTS OF OPERATIONS")
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(306, 728, "(In millions, except per share amounts)")
    for x, text in ((390, "Three Months Ended"), (520, "Nine Months Ended")):
        canvas.drawCentredString(x, 705, text)
    columns = (365, 425, 495, 555)
    for x, day, year in zip(columns, ("July 1,", "June 25,") * 2, ("2023", "2022") * 2, strict=True):
        canvas.drawCentredString(x - 15, 695, day)
        canvas.drawCentredString(x - 15, 685, year)
    rows: tuple[tuple[str, int, tuple[str, ...]], ...] = (
        ("Net sales:", 0, ()),
        ("Products", 10, ("$60,584", "$63,355", "$230,901", "$245,241")),
        ("Services", 10, ("21,213", "19,604", "62,886", "58,941")),
        ("Total net sales", 20, ("81,797", "82,959", "293,787", "304,182")),
        ("Adjustment for net gains and losses realized and included in net", 0, ()),
        ("income", 0, ("(265)", "(10)", "(594)", "(97)")),
    )
    for index, (label, indent, values) in enumerate(rows):
        y = 670 - 11 * index
        canvas.drawString(50 + indent, y, label)
        for x, value in zip(columns, values, strict=False):
            _draw_value(canvas, x, y, value)


def draw_right_aligned_headers(canvas: Canvas) -> None:
    """Draw a statement whose spanning headers end at the right edge of their group, over years that repeat."""
    canvas.setFont("Helvetica", 9)
    for right, months in ((436, "Three Months Ended"), (571, "Six Months Ended")):
        canvas.drawRightString(right, 740, months)
        canvas.drawRightString(right, 731, "December 31,")
    columns = (363, 436, 504, 571)
    for x, year in zip(columns, ("2022", "2021") * 2, strict=True):
        canvas.drawRightString(x, 714, year)
    rows = (
        ("Product", ("16,517", "20,779", "32,258", "37,410")),
        ("Service and other", ("36,230", "30,949", "70,611", "59,635")),
        ("Total revenue", ("52,747", "51,728", "102,869", "97,045")),
    )
    for index, (label, values) in enumerate(rows):
        canvas.drawString(30, 700 - 11 * index, label)
        for x, value in zip(columns, values, strict=True):
            canvas.drawRightString(x, 700 - 11 * index, value)


def draw_change_columns(canvas: Canvas) -> None:
    """Draw a table whose spanning headers stand over the middle one of three columns, dates on two lines."""
    canvas.setFont("Helvetica", 9)
    columns = (276, 339, 400, 457, 520, 580)
    for x, months in ((327, "Three Months Ended"), (507, "Nine Months Ended")):
        canvas.drawCentredString(x, 740, months)
    for x, day in zip((267, 330, 448, 511), ("July 1,", "June 25,") * 2, strict=True):
        canvas.drawCentredString(x, 731, day)
    for x, text in zip(columns, ("2023", "2022", "Change") * 2, strict=True):
        canvas.drawCentredString(x - 9, 722, text)
    for index, (label, values) in enumerate(
        (
            ("Americas", ("35,383", "37,472", "(6)%", "122,445", "129,850", "(6)%")),
            ("Europe", ("20,205", "19,287", "5 %", "71,831", "72,323", "(1)%")),
        )
    ):
        canvas.drawString(30, 700 - 11 * index, label)
        for x, value in zip(columns, values, strict=True):
            canvas.drawRightString(x, 700 - 11 * index, value)


def draw_dates_below_names(canvas: Canvas) -> None:
    """Draw a table whose columns' names repeat, over dates set at the right edge of each group."""
    canvas.setFont("Helvetica", 8)
    columns = (250, 350, 450, 550)
    for x, name in zip(columns, ("Gross", "Net") * 2, strict=True):
        canvas.drawRightString(x, 720, name)
    for x, day, year in ((350, "June 30,", "2023"), (550, "June 30,", "2022")):
        canvas.drawRightString(x, 707, day)
        canvas.drawRightString(x, 700, year)
    for index, (label, values) in enumerate(
        (("Technology", ("11,093", "4,020", "11,277", "4,319")), ("Customers", ("7,352", "3,706", "7,342", "4,171")))
    ):
        canvas.drawString(30, 685 - 11 * index, label)
        for x, value in zip(columns, values, strict=True):
            canvas.drawRightString(x, 685 - 11 * index, value)


def draw_long_table(canvas: Canvas, *, first: bool) -> None:
    """Draw a page of a table that goes on; only its first page has the header."""
    canvas.setFont("Helvetica", 9)
    canvas.drawString(30, 760, "Harbour Authority")
    if first:
        for x, year in ((450, "2023"), (550, "2022")):
            canvas.drawRightString(x, 740, year)
    for index in range(4):
        canvas.drawString(30, 720 - 12 * index, f"Pier {'ABCDEFGH'[index + 4 * (not first)]}")
        for x, value in ((450, 10 + index), (550, 20 + index)):
            canvas.drawRightString(x, 720 - 12 * index, f"{value},000")
    canvas.drawCentredString(306, 40, "Page")


def _draw_value(canvas: Canvas, x: float, y: float, value: str) -> None:
    if value.startswith("$"):
        canvas.drawString(x - 42, y, "$")
    if value.endswith(")"):
        canvas.drawString(x, y, ")")
    canvas.drawRightString(x, y, value.strip("$)"))


def draw_columns(canvas: Canvas) -> None:
    """Draw prose in two columns."""
    for column, x in (("left", 50), ("right", 320)):
        for line in range(8):
            canvas.drawString(x, 700 - 12 * line, f"The {column} column goes on in its line {line}.")


def draw_box(canvas: Canvas) -> None:
    """Draw a page without any text."""
    canvas.rect(100, 100, 200, 200, fill=1)


def draw_form(canvas: Canvas) -> None:
    """Draw a form: a text field, a ticked and an empty box."""
    canvas.drawString(50, 700, "Name:")
    canvas.acroForm.textfield(name="name", value="Ada Lovelace", x=100, y=692, width=200, height=20)
    for y, name, ticked in ((660, "Member", True), (630, "Guest", False)):
        canvas.drawString(50, y, name)
        canvas.acroForm.checkbox(name=name, checked=ticked, x=100, y=y - 4, size=14)


def draw_scan(canvas: Canvas, text: str = "Scanned words of 1911") -> None:
    """Draw a picture of a text instead of the text."""
    picture = Image.new("L", (1400, 200), 255)
    ImageDraw.Draw(picture).text((40, 60), text, fill=0, font=ImageFont.load_default(80))
    canvas.drawInlineImage(picture, 50, 600, width=500, height=72)


def draw_scan_turned(canvas: Canvas, lines: Sequence[str]) -> None:
    """Draw a picture of some lines that stands on its head."""
    picture = Image.new("L", (1400, 100 + 100 * len(lines)), 255)
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((40, 50 + 100 * number), line, fill=0, font=ImageFont.load_default(56))
    canvas.drawInlineImage(picture.rotate(180), 50, 400, width=500, height=500 / 1400 * picture.height)


def outline(*titles: str) -> Draw:
    """Return a drawing that begins the outline's sections of these titles."""

    def draw(canvas: Canvas) -> None:
        for title in titles:
            canvas.bookmarkPage(title)
            canvas.addOutlineEntry(title, title)
        canvas.drawString(50, 700, "Some words on the page.")

    return draw
