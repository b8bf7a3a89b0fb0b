import shutil
import time

import pytest
from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from app.convert import ocr
from app.convert.pdf import EMPTY, NO_TEXT, convert_pdf
from app.errors import ConversionFailed
from tests.unit.convert.drawing import draw_box, draw_columns, draw_form, draw_pdf, draw_scan, draw_scan_turned, outline

needs_tesseract = pytest.mark.skipif(not shutil.which("tesseract"), reason="Tesseract is not installed")


def test_what_is_filled_into_a_form_stands_beside_its_label() -> None:
    text = convert_pdf(draw_pdf(draw_form), max_pages=5).pages[0].markdown
    assert ["Name: Ada Lovelace", "Member [x]", "Guest [ ]"] == [line for line in text.splitlines() if line][:3]


def test_lines_that_each_have_a_label_stay_lines() -> None:
    lines = [
        "Number of the bill: 2024-118",
        "Amount now due: $12,450.00",
        "Time for payment: 30 days",
        "Paid in advance [x]",
    ]

    def draw(canvas: Canvas) -> None:
        for number, line in enumerate(lines):
            canvas.drawString(50, 700 - 14 * number, line)

    assert convert_pdf(draw_pdf(draw), max_pages=5).pages[0].markdown.split("\n\n") == lines


def test_pages_carry_the_title_of_the_outline_section_they_are_in() -> None:
    pages = convert_pdf(
        draw_pdf(draw_columns, outline("One"), draw_columns, outline("Two", "Three")), max_pages=5
    ).pages
    assert [page.label for page in pages] == ["", "One", "One", "Two"]


def test_title_that_a_program_set_is_none() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(50, 700, "Some words on the page.")

    def titled(canvas: Canvas) -> None:
        canvas.setTitle("Microsoft Word - Minutes of May")
        draw(canvas)

    titles = [convert_pdf(draw_pdf(page), max_pages=5).title for page in (draw, titled)]
    assert titles == ["", "Minutes of May"]


def test_title_is_the_largest_text_of_the_first_page_where_the_metadata_has_no_words() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setTitle("2023-10")
        canvas.setFont("Helvetica", 24)
        canvas.drawString(50, 740, "Annual Report")
        canvas.drawString(50, 712, "of the Harbour")
        canvas.setFont("Helvetica", 10)
        draw_columns(canvas)

    assert convert_pdf(draw_pdf(draw), max_pages=5).title == "Annual Report of the Harbour"


@needs_tesseract
def test_scan_with_a_number_stamped_on_it_is_recognised_whole() -> None:
    def draw(canvas: Canvas) -> None:
        picture = Image.new("L", (850, 1100), 255)
        ImageDraw.Draw(picture).text((40, 300), "Letter to the harbour", fill=0, font=ImageFont.load_default(60))
        canvas.drawInlineImage(picture, 0, 0, width=612, height=792)
        canvas.drawRightString(580, 20, "EXHIBIT 00417")

    markdown = convert_pdf(draw_pdf(draw), max_pages=5).pages[0].markdown
    assert "Letter to the harbour" in markdown
    assert "00417" in markdown


@needs_tesseract
def test_page_scanned_upside_down_is_turned() -> None:
    lines = [f"Line {number}: the plant made {number + 3},500 pumps." for number in range(2, 8)]
    (page,) = convert_pdf(draw_pdf(lambda canvas: draw_scan_turned(canvas, lines)), max_pages=5).pages
    assert page.markdown.split("\n\n") == lines


@needs_tesseract
def test_only_pages_that_are_pictures_are_recognised() -> None:
    pages = convert_pdf(draw_pdf(draw_columns, draw_scan, lambda _: None), max_pages=5).pages
    assert "left column" in pages[0].markdown
    assert pages[1].markdown == "Scanned words of 1911"
    assert pages[2].markdown == EMPTY


@needs_tesseract
def test_pages_left_when_time_runs_out_say_that_they_need_ocr() -> None:
    before = ocr.deadline.set(time.monotonic() - 1)
    try:
        pages = convert_pdf(draw_pdf(draw_columns, draw_scan), max_pages=5).pages
        with pytest.raises(ConversionFailed, match="need OCR"):
            convert_pdf(draw_pdf(draw_scan), max_pages=5)
    finally:
        ocr.deadline.reset(before)
    assert pages[1].markdown == NO_TEXT


@needs_tesseract
def test_picture_without_text_fails_and_says_that_none_was_recognised() -> None:
    with pytest.raises(ConversionFailed, match="OCR recognised no text"):
        convert_pdf(draw_pdf(draw_box), max_pages=5)
