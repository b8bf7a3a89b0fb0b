import pytest

from app.convert.html import convert_html
from app.errors import ConversionFailed

STATEMENT = """
<p style="font-weight:700">CONSOLIDATED STATEMENTS OF OPERATIONS</p><p>(In millions)</p>
<table>
<tr><td></td><td></td><td colspan="7">Three Months Ended</td></tr>
<tr><td></td><td></td><td colspan="3">July 1,<br>2023</td><td></td><td colspan="3">June 25,<br>2022</td></tr>
<tr><td style="padding-left:2pt">Net sales:</td><td></td><td colspan="3"></td><td></td><td colspan="3"></td></tr>
<tr><td style="padding-left:9pt">Products<span style="position:relative;top:-3pt">(1)</span></td><td></td>
  <td>$</td><td>60,584</td><td></td><td></td><td>$</td><td>63,355</td><td></td></tr>
<tr><td style="padding-left:9pt">Other</td><td></td>
  <td colspan="2">(1,234</td><td>)</td><td></td><td colspan="2">12.5</td><td>%</td></tr>
<tr><td style="padding-left:2pt">Gross margin</td><td></td>
  <td colspan="2">7</td><td></td><td></td><td colspan="2">8</td><td></td></tr>
</table>"""


def test_table_of_a_filing_keeps_headers_sections_signs_and_drops_footnote_marks() -> None:
    (table,) = convert_html(STATEMENT.encode(), max_pages=10).pages[0].tables
    assert table.columns == (("Three Months Ended", "July 1, 2023"), ("Three Months Ended", "June 25, 2022"))
    assert (table.caption, table.unit_note) == ("CONSOLIDATED STATEMENTS OF OPERATIONS", "(In millions)")
    assert [(row.path, row.label, row.cells) for row in table.rows[1:]] == [
        (("Net sales:",), "Products", ("$60,584", "$63,355")),
        (("Net sales:",), "Other", ("(1,234)", "12.5%")),
        ((), "Gross margin", ("7", "8")),
    ]


def test_second_header_in_a_table_begins_another_table() -> None:
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in (
        ("", "2023", "2022"), ("Cash", "1", "2"), ("Debt", "3", "4"),
        ("", "2021", "2020"), ("Cash", "5", "6"), ("Debt", "7", "8"),
    ))  # fmt: skip
    first, second = convert_html(f"<table>{rows}</table>".encode(), max_pages=10).pages[0].tables
    assert (first.columns, second.columns) == ((("2023",), ("2022",)), (("2021",), ("2020",)))
    assert second.rows[0].cells == ("5", "6")


def test_words_over_every_column_under_an_announcement_begin_another_table() -> None:
    rows = "".join(f"<tr><td>{a}</td><td>{b}</td><td>{c}</td></tr>" for a, b, c in (
        ("", "June 30, 2023", "June 30, 2022"), ("Leased land", "1", "2"), ("Leased plant", "3", "4"),
        ("Maturities of the leases as of June 30, 2023 were:", "", ""),
        ("Year Ending June 30,", "Operating Leases", "Finance Leases"),
        ("2024", "5", "6"), ("2025", "7", "8"), ("Total", "12", "14"),
    ))  # fmt: skip
    first, second = convert_html(f"<table>{rows}</table>".encode(), max_pages=10).pages[0].tables
    assert [row.label for row in first.rows] == ["Leased land", "Leased plant"]
    assert second.caption == "Maturities of the leases as of June 30, 2023 were:"
    assert second.columns == (("Operating Leases",), ("Finance Leases",))


def test_page_breaks_of_the_filing_are_the_pages() -> None:
    body = (
        '<p>one</p><p>1</p><hr style="page-break-after:always"><p>two</p>'
        '<div style="page-break-before:always">three</div>'
    )
    pages = convert_html(body.encode(), max_pages=10).pages
    assert [(page.number, page.markdown.split()[0]) for page in pages] == [(1, "one"), (2, "two"), (3, "three")]


def test_without_page_breaks_headings_cut_page_sized_parts() -> None:
    body = "".join(f"<h2>Part {n}</h2><p>{'word ' * 450}</p>" for n in range(6))
    pages = convert_html(body.encode(), max_pages=10).pages
    assert len(pages) > 3
    assert all(page.markdown.startswith("## Part") and len(page.markdown) < 4600 for page in pages)


def test_hidden_facts_and_scripts_are_left_out_and_text_after_them_stays() -> None:
    body = (
        "<body><div style='display:none'><ix:header>hidden</ix:header></div>kept one"
        "<script>var x</script>kept two<p>kept <ix:nonfraction>42</ix:nonfraction> three</p></body>"
    )
    markdown = convert_html(body.encode(), max_pages=10).pages[0].markdown
    assert "hidden" not in markdown
    assert "var x" not in markdown
    assert all(text in markdown for text in ("kept one", "kept two", "kept 42 three"))


def test_layout_table_becomes_text() -> None:
    body = "<table><tr><td>•</td><td>First point</td></tr><tr><td>•</td><td>Second point</td></tr></table>"
    page = convert_html(body.encode(), max_pages=10).pages[0]
    assert page.markdown == "- First point\n\n- Second point"
    assert page.tables == ()


def test_deeply_nested_elements_are_read() -> None:
    body = "<div>" * 5000 + "deep" + "</div>" * 5000
    assert convert_html(body.encode(), max_pages=10).pages[0].markdown == "deep"


def test_html_without_text_fails() -> None:
    with pytest.raises(ConversionFailed, match="no text"):
        convert_html(b"<html><body><script>1</script></body></html>", max_pages=10)


def test_caption_of_a_table_is_read() -> None:
    rows = "<tr><th>Region</th><th>2023</th></tr><tr><td>Europe</td><td>5</td></tr><tr><td>Asia</td><td>6</td></tr>"
    page = convert_html(f"<table><caption>Sales <b>abroad</b></caption>{rows}</table>".encode(), max_pages=5).pages[0]
    assert page.markdown.startswith("Sales abroad\n\n| Region | 2023 |")
    assert (page.tables[0].caption, page.tables[0].stub) == ("Sales abroad", "Region")


def test_ordered_lists_keep_their_numbers() -> None:
    source = "<ol><li>one<ul><li>point</li></ul></li><li>two</li></ol><ul><li>last</li></ul>"
    markdown = convert_html(source.encode(), max_pages=5).pages[0].markdown
    assert markdown.split("\n\n") == ["1. one", "- point", "2. two", "- last"]


def test_raised_numbers_are_no_digits_of_the_figure_before_them() -> None:
    source = '$12.5<sup>1</sup> million, 10<span style="vertical-align: super">6</span> in the 4<sup>th</sup> year'
    (page,) = convert_html(f"<p>{source}</p>".encode(), max_pages=5).pages
    assert page.markdown == "$12.5^(1) million, 10^(6) in the 4th year"
