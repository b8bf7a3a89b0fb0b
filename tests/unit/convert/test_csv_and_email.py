from email.message import EmailMessage

import pytest

from app.convert.csvs import convert_csv
from app.convert.email import convert_email
from app.errors import ConversionFailed


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
    converted = convert_email(message.as_bytes(), max_pages=5)
    markdown = converted.pages[0].markdown
    assert converted.title == "Übersicht Q3"
    assert all(text in markdown for text in ("ada@example.org", "Der Umsatz stieg.", "q3.pdf"))


def test_message_with_html_only_is_read_and_an_empty_one_fails() -> None:
    message = EmailMessage()
    message.set_content("<p>one</p><p>two</p>", subtype="html")
    assert "one\n\ntwo" in convert_email(message.as_bytes(), max_pages=5).pages[0].markdown
    with pytest.raises(ConversionFailed, match="no text"):
        convert_email(b"From: a@b.c\n\n", max_pages=5)
