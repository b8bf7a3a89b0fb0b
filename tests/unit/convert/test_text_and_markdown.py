import os

import pytest

from app.convert.markdown import convert_markdown
from app.convert.text import convert_text
from app.errors import ConversionFailed

SENTENCE = "Der Umsatz stieg um fünf Prozent auf 12 Millionen €, Übersicht folgt."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_text_is_read_in_any_encoding(encoding: str) -> None:
    content = "\n\n".join([SENTENCE] * 8).encode(encoding)
    assert convert_text(content, max_pages=10).pages[0].markdown.startswith(SENTENCE)


@pytest.mark.parametrize(
    ("said", "encoding"),
    [
        ("Café in Zürich öffnete 2024.", "cp1252"),
        ("Señor Peña: ¿cómo está? “¡Bien!” – 5 €", "cp1252"),
        ("Smørrebrød på Ærø", "cp1252"),
        ("São Paulo não é a capital.", "cp1252"),
        ("Café in Zürich öffnet um neun.", "cp850"),
        ("Śląsk został źródłem żelaza w Łodzi.", "cp1250"),
        ("Привет, это текст о погоде в Москве.", "cp866"),
        ("日本語の文章です。売上高は増えました。", "shift_jis"),
    ],
)
def test_a_single_sentence_is_read_in_its_code_page(said: str, encoding: str) -> None:
    assert convert_text(said.encode(encoding), max_pages=10).pages[0].markdown == said


def test_form_feeds_are_page_breaks() -> None:
    pages = convert_text(b"one\fand two\fthree", max_pages=10).pages
    assert [page.markdown for page in pages] == ["one", "and two", "three"]


def test_long_text_is_cut_at_paragraphs_and_nothing_is_lost() -> None:
    paragraphs = [f"Paragraph {n} " + "says something. " * 20 for n in range(60)]
    pages = convert_text("\n\n".join(paragraphs).encode(), max_pages=50).pages
    assert max(len(page.markdown) for page in pages) <= 4000
    assert [line.split(" says")[0] for page in pages for line in page.markdown.split("\n\n")] == [
        f"Paragraph {n}" for n in range(60)
    ]


def test_binary_rubbish_and_blank_text_fail() -> None:
    with pytest.raises(ConversionFailed, match="binary"):
        convert_text(bytes(range(256)) * 40 + os.urandom(2000), max_pages=10)
    with pytest.raises(ConversionFailed, match="no text"):
        convert_text(b" \n\t\n ", max_pages=10)


def test_pipe_table_keeps_headers_caption_and_units() -> None:
    source = (
        "# Results\n\nNet sales by region (in millions):\n\n|  | 2023 | 2022 |\n|---|--:|--:|\n| Europe | $ 5 | (2) |\n"
    )
    page = convert_markdown(source.encode(), max_pages=10).pages[0]
    (table,) = page.tables
    assert table.columns == (("2023",), ("2022",))
    assert (table.rows[0].label, table.rows[0].cells) == ("Europe", ("$5", "(2)"))
    assert (table.caption, table.unit_note) == ("Net sales by region (in millions):", "(in millions)")


def test_title_of_the_front_matter_goes_before_the_first_heading() -> None:
    assert convert_markdown(b"---\ntitle: Engines\n---\n# Preface\n", max_pages=5).title == "Engines"


def test_front_matter_is_metadata_and_first_heading_the_title() -> None:
    converted = convert_markdown(b"---\nauthor: Ada\n---\n# On engines\n\nText.", max_pages=10)
    assert (converted.title, converted.metadata) == ("On engines", {"author": "Ada"})
    assert "author" not in converted.pages[0].markdown


@pytest.mark.parametrize(
    ("above", "caption"),
    [
        ("Inventories by kind", "Inventories by kind"),
        (
            "The following table shows inventories as of June 30, 2024.",
            "The following table shows inventories as of June 30, 2024.",
        ),
        ("The board of Halden met on May 3, 2024. It approved the plan for fiscal 2025.", ""),
    ],
)
def test_a_sentence_above_a_table_is_its_caption_only_where_it_points_at_it(above: str, caption: str) -> None:
    page = f"{above}\n\n(in millions)\n\n|  | 2024 | 2023 |\n| --- | --- | --- |\n| Inventories | $82 | $74 |\n"
    (table,) = convert_markdown(page.encode(), max_pages=1).pages[0].tables
    assert (table.caption, table.unit_note) == (caption, "(in millions)")
