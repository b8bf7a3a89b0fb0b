"""Small PDFs drawn for the tests."""

import io
from collections.abc import Callable

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
