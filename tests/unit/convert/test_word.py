import io
from collections.abc import Callable

import pytest
from docx import Document
from docx.document import Document as WordDocument
from docx.enum.text import WD_BREAK
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.table import Table as WordTable

from app.convert.registry import detect
from app.convert.word import convert_word
from app.errors import ConversionFailed
from tests.unit.convert.zipping import rewrite, swell

Write = Callable[[WordDocument], object]


def word(write: Write) -> bytes:
    document = Document()
    write(document)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def markdown(write: Write) -> str:
    return "\n\n".join(page.markdown for page in convert_word(word(write), max_pages=20).pages)


def fill(table: WordTable, words: str) -> None:
    """Write one word a cell, row by row."""
    for cell, word in zip((cell for row in table.rows for cell in row.cells), words.split(), strict=True):
        cell.text = word


def test_headings_and_lists_keep_their_levels_and_numbers() -> None:
    def write(document: WordDocument) -> None:
        document.add_heading("Results", 0)
        document.add_heading("Sales", 2)
        for style, text in (("List Number", "first"), ("List Number", "second"), ("List Bullet", "point")):
            document.add_paragraph(text, style=style)
        document.add_paragraph().add_run("Bold line").bold = True

    assert markdown(write).split("\n\n") == [
        "# Results",
        "## Sales",
        "1. first",
        "2. second",
        "- point",
        "**Bold line**",
    ]


def test_title_comes_from_the_properties_else_from_the_first_heading() -> None:
    def write(document: WordDocument) -> None:
        document.core_properties.title = ""
        document.add_heading("Second quarter", 1)

    assert convert_word(word(write), max_pages=5).title == "Second quarter"


def test_page_breaks_make_pages() -> None:
    def write(document: WordDocument) -> None:
        paragraph = document.add_paragraph("one")
        paragraph.add_run().add_break(WD_BREAK.PAGE)
        paragraph.add_run("two")
        document.add_paragraph("three").paragraph_format.page_break_before = True
        document.add_section()
        document.add_paragraph("four")

    pages = convert_word(word(write), max_pages=9).pages
    assert [page.markdown for page in pages] == ["one", "two", "three", "four"]


def test_merged_cells_stand_in_every_row_and_column_they_cover() -> None:
    def write(document: WordDocument) -> None:
        document.add_paragraph("Sales by region (in millions)")
        table = document.add_table(rows=4, cols=4)
        texts = (("", "", "2025", ""), ("", "", "Q1", "Q2"), ("Europe", "Boats", "5", "6"), ("", "Cars", "7", "8"))
        for row, line in enumerate(texts):
            for column, text in enumerate(line):
                table.cell(row, column).text = text
        table.cell(0, 2).merge(table.cell(0, 3))
        table.cell(2, 0).merge(table.cell(3, 0))

    (table,) = convert_word(word(write), max_pages=5).pages[0].tables
    assert table.columns[-2:] == (("2025", "Q1"), ("2025", "Q2"))
    assert [row.label for row in table.rows] == ["Europe", "Europe"]
    assert [row.cells[-2:] for row in table.rows] == [("5", "6"), ("7", "8")]
    assert table.unit_note == "(in millions)"


def test_table_of_words_has_its_first_row_as_header() -> None:
    def write(document: WordDocument) -> None:
        table = document.add_table(rows=0, cols=2)
        for line in (("Name", "Office"), ("Ada", "Chair"), ("Bob", "Clerk")):
            for cell, text in zip(table.add_row().cells, line, strict=True):
                cell.text = text

    (table,) = convert_word(word(write), max_pages=5).pages[0].tables
    assert table.columns == (("Office",),)
    assert [(row.label, row.cells) for row in table.rows] == [("Ada", ("Chair",)), ("Bob", ("Clerk",))]


def test_footnotes_follow_the_paragraph_that_refers_to_them() -> None:
    def write(document: WordDocument) -> None:
        note = '<w:footnote w:id="2"><w:p><w:r><w:t>Unaudited.</w:t></w:r></w:p></w:footnote>'
        xml = f"<w:footnotes {nsdecls('w')}>{note}</w:footnotes>".encode()
        part = Part(PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, xml, document.part.package)
        document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        reference = OxmlElement("w:footnoteReference")
        reference.set(qn("w:id"), "2")
        document.add_paragraph("Sales rose.").add_run()._r.append(reference)
        document.add_paragraph("Costs fell.")

    assert markdown(write).split("\n\n") == ["Sales rose.[^1]", "[^1]: Unaudited.", "Costs fell."]


def test_headers_and_footers_are_read_once_and_page_numbers_left_out() -> None:
    def write(document: WordDocument) -> None:
        document.sections[0].header.paragraphs[0].text = "Confidential"
        document.sections[0].footer.paragraphs[0].text = "3"
        for _ in range(3):
            document.add_paragraph("body").add_run().add_break(WD_BREAK.PAGE)

    text = markdown(write)
    assert text.count("Confidential") == 1
    assert "3" not in text


def test_deleted_and_hidden_text_is_left_out() -> None:
    def write(document: WordDocument) -> None:
        paragraph = document.add_paragraph("kept ")
        paragraph.add_run("hidden").font.hidden = True
        deleted = OxmlElement("w:del")
        deleted.append(paragraph.add_run("deleted")._r)
        paragraph._p.append(deleted)

    assert markdown(write) == "kept"


def test_document_with_macros_is_read_as_text() -> None:
    plain = word(lambda document: document.add_paragraph("Quick fox."))
    macro = rewrite(plain, {"[Content_Types].xml": lambda xml: xml.replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )})  # fmt: skip
    assert detect(macro, "a.docm") == detect(plain, "a.docx")
    assert convert_word(macro, max_pages=5).pages[0].markdown == "Quick fox."


DTD = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document'
BODY = "word/document.xml"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda c: c[: len(c) // 2], "damaged or truncated"),
        (lambda c: rewrite(c, {BODY: lambda xml: xml[: len(xml) // 2]}), "damaged"),
        (lambda c: rewrite(c, {BODY: lambda _: None}), "damaged"),
        (lambda c: rewrite(c, {BODY: lambda xml: xml.replace(b"<w:document", DTD, 1)}), "XML entities"),
        (lambda c: swell(c, megabytes=600), r"would expand to 60. MB"),
    ],
)
def test_hostile_documents_end_with_a_reason(damage: Callable[[bytes], bytes], reason: str) -> None:
    content = damage(word(lambda document: document.add_paragraph("text")))
    assert detect(content, "a.docx").endswith("wordprocessingml.document")
    with pytest.raises(ConversionFailed, match=reason):
        convert_word(content, max_pages=5)


def test_encrypted_office_file_needs_a_password() -> None:
    wrapped = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    with pytest.raises(ConversionFailed, match="encrypted Office file and needs a password"):
        detect(wrapped, "a.docx")


def test_raised_numbers_are_no_digits_of_the_figure_before_them() -> None:
    def write(document: WordDocument) -> None:
        document.add_paragraph("Sales of 12.5").add_run("1").font.superscript = True
        table = document.add_table(rows=2, cols=2)
        fill(table, "R 2024 Lab 9.4")
        table.cell(1, 1).paragraphs[0].add_run("2").font.superscript = True

    assert markdown(write).split("\n\n") == ["Sales of 12.5^(1)", "| R | 2024 |\n| --- | --- |\n| Lab | 9.4 |"]


def test_table_that_holds_another_serves_layout_and_the_inner_one_is_a_table() -> None:
    def write(document: WordDocument) -> None:
        outer = document.add_table(rows=1, cols=2)
        outer.cell(0, 0).text = "Beside"
        cell = outer.cell(0, 1)
        cell.text = "Above"
        fill(cell.add_table(rows=2, cols=2), "Item 2024 Bolts 400")
        cell.add_paragraph("Below")

    assert markdown(write).split("\n\n") == [
        "Beside", "Above", "| Item | 2024 |\n| --- | --- |\n| Bolts | 400 |", "Below",
    ]  # fmt: skip


def test_deleted_rows_are_left_out_and_rows_of_content_controls_read() -> None:
    def write(document: WordDocument) -> None:
        table = document.add_table(rows=4, cols=2)
        fill(table, "Item 2024 Bolts 400 Nuts 300 Pins 200")
        deleted, controlled = table.rows[2]._tr, table.rows[3]._tr
        deleted.get_or_add_trPr().append(OxmlElement("w:del"))
        control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
        controlled.addprevious(control)
        control.append(content)
        content.append(controlled)

    assert markdown(write) == "| Item | 2024 |\n| --- | --- |\n| Bolts | 400 |\n| Pins | 200 |"
