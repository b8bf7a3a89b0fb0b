from email.message import EmailMessage

import pytest

from app.convert.csvs import convert_csv
from app.convert.document import Converted
from app.convert.registry import find_family
from app.errors import ConversionFailed


def read_message(content: bytes, *, max_pages: int = 5) -> Converted:
    return find_family(content, "a.eml").read(content, max_pages=max_pages)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_and_the_first_row_heads_the_columns(delimiter: str) -> None:
    source = "\n".join(delimiter.join(row) for row in (["Region", "2023", "2022"], ["Europe", "5", "4"]))
    (table,) = convert_csv(source.encode("cp1252"), max_pages=5).pages[0].tables
    assert table.columns == (("2023",), ("2022",))
    assert (table.rows[0].label, table.rows[0].cells) == ("Europe", ("5", "4"))


def test_long_csv_repeats_its_header_on_every_page() -> None:
    source = "Name,Amount\n" + "\n".join(f"row {n},{n}" for n in range(1000))
    pages = convert_csv(source.encode(), max_pages=50).pages
    assert len(pages) > 1
    assert all(page.tables[0].columns == (("Amount",),) for page in pages)
    assert [row.label for page in pages for row in page.tables[0].rows] == [f"row {n}" for n in range(1000)]


def test_rows_of_uneven_length_keep_all_their_cells() -> None:
    (table,) = convert_csv(b"a,b\n1,2,3\n4\n", max_pages=5).pages[0].tables
    assert [(row.label, row.cells) for row in table.rows] == [("1", ("2", "3")), ("4", ("", ""))]


def test_message_is_read_with_its_headers_body_and_attachment_names() -> None:
    message = EmailMessage()
    message["Subject"], message["From"] = "Übersicht Q3", "Ada <ada@example.org>"
    message.set_content("Der Umsatz stieg.\n")
    message.add_alternative("<p>Der Umsatz <b>stieg</b>.</p>", subtype="html")
    message.add_attachment(b"1", maintype="application", subtype="pdf", filename="q3.pdf")
    converted = read_message(message.as_bytes())
    markdown = converted.pages[0].markdown
    assert converted.title == "Übersicht Q3"
    assert all(text in markdown for text in ("ada@example.org", "Der Umsatz stieg.", "q3.pdf"))


def test_message_with_html_only_is_read_and_an_empty_one_fails() -> None:
    message = EmailMessage()
    message.set_content("<p>one</p><p>two</p>", subtype="html")
    assert "one\n\ntwo" in read_message(message.as_bytes()).pages[0].markdown
    with pytest.raises(ConversionFailed, match="no text"):
        read_message(b"From: a@b.c\n\n")


def test_attachments_are_read_as_pages_after_the_message_and_what_cannot_be_read_is_said() -> None:
    inner = EmailMessage()
    inner["Subject"] = "Forwarded"
    inner.set_content("Older words.")
    message = EmailMessage()
    message["Subject"] = "Figures"
    message.set_content("See attached.")
    message.add_attachment(b"Region,2023\nEurope,5\n", maintype="text", subtype="csv", filename="q3.csv")
    message.add_attachment(b"\x89PNG\r\n", maintype="image", subtype="png", filename="photo.png")
    message.add_attachment(b"%PDF-1.7 cut", maintype="application", subtype="pdf", filename="cut.pdf")
    message.add_attachment(inner)
    pages = read_message(message.as_bytes()).pages
    assert "**Attached:** q3.csv; photo.png (not read); cut.pdf (not read: The PDF is damaged" in pages[0].markdown
    assert [(page.number, page.label) for page in pages] == [(1, ""), (2, "q3.csv"), (3, "message.eml")]
    assert pages[1].tables[0].rows[0].cells == ("5",)
    assert "Older words." in pages[2].markdown


def test_message_with_more_attached_than_is_read_fails() -> None:
    message = EmailMessage()
    message.set_content("See attached.")
    message.add_attachment("one\ftwo\fthree", filename="a.txt")
    with pytest.raises(ConversionFailed, match="more than 3 pages"):
        read_message(message.as_bytes(), max_pages=3)


def test_what_stands_over_the_labels_of_rows_is_read() -> None:
    page = convert_csv(b"Region,2023\nEurope,5\n", max_pages=5).pages[0]
    assert page.tables[0].stub == "Region"
    assert "| Region | 2023 |" in page.markdown


def test_lines_above_the_header_are_the_title_and_the_unit_of_the_table() -> None:
    source = b"Sales by region,,\n(in millions)\n\nRegion,2023,2022\nEurope,5,4\nAsia,3,2\n"
    (table,) = convert_csv(source, max_pages=5).pages[0].tables
    assert (table.caption, table.unit_note, table.columns) == (
        "Sales by region",
        "(in millions)",
        (("2023",), ("2022",)),
    )


def test_delimiter_that_a_spreadsheet_program_tells_is_used() -> None:
    page = convert_csv(b"sep=;\r\nName;Share\r\nA,B;5\r\n", max_pages=5).pages[0]
    assert page.tables[0].columns == (("Share",),)
    assert [(row.label, row.cells) for row in page.tables[0].rows] == [("A,B", ("5",))]


def test_words_after_an_attachment_are_read_with_the_body() -> None:
    message = EmailMessage()
    message.set_content("See attached.")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="q3.csv")
    message.add_attachment("Sent from the plant in Durham.", disposition="inline")
    page = read_message(message.as_bytes()).pages[0]
    assert page.markdown.startswith("See attached.\n\nSent from the plant in Durham.")
