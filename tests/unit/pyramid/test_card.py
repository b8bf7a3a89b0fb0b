import pytest

from app.agents.pyramid.card import describe, shorten
from app.agents.pyramid.schemas import Card
from app.agents.pyramid.units import settle_units
from app.convert.document import Page

COVER = """# FORM 10-Q

For the quarterly period ended July 1, 2023

**Apple Inc.**

(Exact name of Registrant as specified in its charter)

Aggregate value: $1
"""


def read(text: str, filename: str = "report.pdf", title: str = "") -> Card:
    return describe(filename, title, [Page(number=1, markdown=text)])


def test_the_cover_of_a_filing_names_issuer_form_and_period() -> None:
    card = read(COVER, "2023 Q3 AAPL.pdf")
    assert (card.issuer, card.short_name, card.form, card.period_end) == ("Apple Inc.", "Apple", "10-Q", "2023-07-01")
    assert (card.fiscal_year, card.fiscal_period, card.currency) == ("2023", "Q3", "USD")


def test_the_fiscal_quarter_is_taken_from_the_text() -> None:
    card = read(COVER + "\nSales rose in the first quarter of fiscal 2024.")
    assert (card.fiscal_year, card.fiscal_period) == ("2024", "Q1")


def test_a_name_in_capitals_on_the_cover_is_the_issuer() -> None:
    card = read("**FORM 10-Q**\n\n**MICROSOFT CORPORATION**\n\nOther Corp. and Other Corp.")
    assert (card.issuer, card.short_name) == ("Microsoft Corporation", "Microsoft")


def test_without_a_cover_the_company_named_most_is_the_issuer() -> None:
    card = read(
        "# Results\n\nHalden Instruments Ltd. grew. Kestrel Optics Inc. did not. Halden Instruments Ltd. is glad."
    )
    assert (card.issuer, card.short_name, card.title) == ("Halden Instruments Ltd.", "Halden Instruments", "Results")


def test_a_text_about_nobody_has_no_issuer() -> None:
    assert read("# Soup\n\nBoil the water for 5 minutes.").issuer == ""


@pytest.mark.parametrize(
    ("issuer", "short"),
    [
        ("Apple Inc.", "Apple"),
        ("The Home Depot, Inc.", "Home Depot"),
        ("NIKE, Inc.", "NIKE"),
        ("MICROSOFT CORPORATION", "MICROSOFT"),
        ("Visa Inc.", "Visa"),
        ("Company", "Company"),
    ],
)
def test_sentences_use_the_short_name(issuer: str, short: str) -> None:
    assert shorten(issuer) == short


def test_initials_are_used_where_the_document_uses_them() -> None:
    cover = COVER.replace("Apple Inc.", "International Business Machines Corporation")
    assert read(cover + "IBM grew. IBM sold. IBM hired.").short_name == "IBM"
    assert read(cover).short_name == "International Business Machines"


def test_a_scale_holds_everywhere_only_when_nearly_all_tables_say_so() -> None:
    assert settle_units(["(In millions)"] * 9 + ["(in billions)"]) == "in millions"
    assert settle_units(["(In millions)", "(in thousands)", "(In millions)"]) == ""


@pytest.mark.parametrize("named", ["**3M COMPANY**", "3M Company makes tape. 3M Company sells it."])
def test_neither_the_company_nor_a_stock_exchange_is_the_issuer(named: str) -> None:
    listed = "The Company's shares are traded on the New York Stock Exchange, Inc. The Company and " * 3
    card = describe("report.pdf", "", [Page(number=1, markdown=f"FORM 10-K\n\n{named}\n\n{listed}")])
    assert (card.issuer, card.short_name) == ("3M Company", "3M")


def test_the_head_of_a_form_is_no_title() -> None:
    page = Page(number=1, markdown="FORM 10-K\n\n**THE HALDEN COMPANY**\n\n(Exact name of registrant as specified)")
    card = describe("report.pdf", "UNITED STATES SECURITIES AND EXCHANGE COMMISSION", [page])
    assert card.title == "The Halden Company, Form 10-K"
