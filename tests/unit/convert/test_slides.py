import io
from collections.abc import Callable

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.presentation import Presentation as Slides
from pptx.util import Inches

from app.convert.registry import detect
from app.convert.slides import convert_slides
from app.errors import ConversionFailed

BOX = (Inches(1), Inches(1), Inches(4), Inches(1))


def slides(write: Callable[[Slides], object]) -> bytes:
    presentation = Presentation()
    write(presentation)
    file = io.BytesIO()
    presentation.save(file)
    return file.getvalue()


def test_each_slide_is_a_page_with_its_title_its_levels_and_the_speakers_notes() -> None:
    def write(presentation: Slides) -> None:
        for number in (1, 2):
            slide = presentation.slides.add_slide(presentation.slide_layouts[1])
            slide.shapes.title.text = f"Slide {number}"
            frame = slide.placeholders[1].text_frame
            frame.text = "Plan"
            frame.add_paragraph().text = "Step"
            frame.paragraphs[1].level = 1
            slide.notes_slide.notes_text_frame.text = f"Say it {number} times."

    converted = convert_slides(slides(write), max_pages=5)
    assert [page.label for page in converted.pages] == ["Slide 1", "Slide 2"]
    assert converted.pages[1].markdown == "# Slide 2\n\nPlan  \n- Step\n\n**Notes:** Say it 2 times."
    assert converted.title == "Slide 1"


def test_tables_with_merged_cells_and_charts_become_tables() -> None:
    def write(presentation: Slides) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        table = slide.shapes.add_table(3, 3, *BOX).table
        for row, line in enumerate((("", "2025", ""), ("", "Q1", "Q2"), ("Boats", "5", "6"))):
            for column, text in enumerate(line):
                table.cell(row, column).text = text
        table.cell(0, 1).merge(table.cell(0, 2))
        chart = CategoryChartData()  # type: ignore[no-untyped-call]
        chart.categories = ["North", "South"]
        chart.add_series("Sales", (1.5, 2))  # type: ignore[no-untyped-call]
        slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), chart)

    merged, chart = convert_slides(slides(write), max_pages=5).pages[0].tables
    assert merged.columns == (("2025", "Q1"), ("2025", "Q2"))
    assert chart.columns == (("Sales",),)
    assert [(row.label, row.cells) for row in chart.rows] == [("North", ("1.5",)), ("South", ("2",))]


def test_shapes_are_read_from_the_top_down_through_groups() -> None:
    def write(presentation: Slides) -> None:
        slide = presentation.slides.add_slide(presentation.slide_layouts[6])
        group = slide.shapes.add_group_shape()
        for top, text in ((3, "third"), (1, "first")):
            group.shapes.add_textbox(Inches(1), Inches(top), Inches(1), Inches(1)).text_frame.text = text

    assert convert_slides(slides(write), max_pages=5).pages[0].markdown == "first\n\nthird"


def test_slides_without_text_fail_and_a_truncated_file_is_still_told_by_its_parts() -> None:
    empty = slides(lambda presentation: presentation.slides.add_slide(presentation.slide_layouts[6]))
    with pytest.raises(ConversionFailed, match="no text to read"):
        convert_slides(empty, max_pages=5)
    cut = empty[: len(empty) // 2]
    assert detect(cut, "deck").endswith("presentationml.presentation")
    with pytest.raises(ConversionFailed, match="truncated"):
        convert_slides(cut, max_pages=5)
    with pytest.raises(ConversionFailed, match="at most 0"):
        convert_slides(empty, max_pages=0)


def test_hidden_slide_is_read_and_said_to_be_hidden() -> None:
    def write(deck: Slides) -> None:
        for title in ("Shown", "Kept back"):
            deck.slides.add_slide(deck.slide_layouts[5]).shapes.title.text = title
        deck.slides[1]._element.set("show", "0")

    pages = convert_slides(slides(write), max_pages=5).pages
    assert [page.markdown for page in pages] == ["# Shown", "*This slide is hidden.*\n\n# Kept back"]
