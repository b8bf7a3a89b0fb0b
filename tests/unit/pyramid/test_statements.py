import pytest

from app.agents.pyramid.schemas import Card
from app.agents.pyramid.statements import read_tables
from app.convert.document import Page, Table, TableRow

CARD = Card(issuer="Apple Inc.", short_name="Apple", form="10-Q", period_end="2023-07-01", currency="USD")
QUARTERS = (("Three Months Ended", "July 1, 2023"), ("Three Months Ended", "June 25, 2022"))
NOTE = "(In millions, except number of shares, which are reflected in thousands, and per-share amounts)"


def row(label: str, *cells: str, path: tuple[str, ...] = ()) -> TableRow:
    return TableRow(label=label, cells=cells, path=path)


def tell(
    *rows: TableRow, columns: tuple[tuple[str, ...], ...] = QUARTERS, note: str = NOTE, caption: str = "", **card: str
) -> list[str]:
    table = Table(number=1, columns=columns, rows=rows, caption=caption, unit_note=note)
    page = Page(number=4, markdown="", tables=(table,))
    return [s.text for s in read_tables(page, CARD.model_copy(update=card))]


def test_a_cell_becomes_a_sentence_with_entity_measure_value_unit_and_period() -> None:
    assert tell(row("Total net sales", "81,797", "82,959")) == [
        "Apple's total net sales were $81,797 million in the three months ended July 1, 2023.",
        "Apple's total net sales were $82,959 million in the three months ended June 25, 2022.",
    ]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (row("Other income/(expense), net", "(265)", ""), "other income/(expense), net was -$265 million"),
        (row("Diluted", "$ 1.26", "", path=("Earnings per share:",)), "diluted earnings per share were $1.26"),
        (row("Diluted", "15,775,021", "", path=("Shares used in computing earnings per share:",)), "thousand shares"),
        (row("Effective tax rate", "12.5%", ""), "effective tax rate was 12.5%"),
        (row("Effective tax rate", "12.5 %", ""), "effective tax rate was 12.5%"),
        (row("Products", "60,584", "", path=("Net sales:",)), "net sales from Products were $60,584 million"),
        (row("Total current assets (1)", "122,659", "", path=("ASSETS:",)), "Apple's total current assets were"),
        (row("Number of stores", "530", ""), "number of stores was 530 in"),
        (
            row("Net cash from operations", "5", "", path=("Changes in assets and liabilities:",)),
            "net cash from operations",
        ),
        (
            row("Investing activities", "5", "", path=("Total cash used in:",)),
            "total cash used in investing activities",
        ),
        (row("Shares issued to employees", "(39)", "", path=("Capital:",)), "were -$39 million"),
        (row("Dividends ($0.34 per share)", "(519)", ""), "was -$519 million"),
        (row("Number of shares purchased", "9,204,200,000", ""), "9,204,200,000 shares in"),
        (row("Crude production (mb/d)", "1,204", ""), "was 1,204 mb/d in"),
        (row("Realizations* ($/bbl)", "71.30", ""), "was $71.30 in"),
        (row("Sites - total (#)", "18,900", ""), "was 18,900 in"),
        (row("Expected life (months)", "78", ""), "was 78 months in"),
        (row("Capacity in wind – GW", "2.1", ""), "was 2.1 gw in"),
        (row("Net income (loss)", "1,204", ""), "was $1,204 million in"),
    ],
)
def test_units_and_names_follow_the_row(cells: TableRow, said: str) -> None:
    assert said.lower() in tell(cells)[0].lower()


def test_a_label_in_capitals_is_told_in_small_letters_unless_it_is_an_acronym() -> None:
    said = [tell(row(label, "18.1%", ""), short_name="bp")[0] for label in ("ROACE%", "EBITDA", "ASSETS", "NET SALES")]
    assert [text.split(" w")[0].removeprefix("bp's ") for text in said] == ["ROACE%", "EBITDA", "assets", "net sales"]


def test_the_total_of_a_statement_of_equity_is_the_equity_at_its_day() -> None:
    told = tell(
        row("Balance at July 1, 2023", "3", "60,274"),
        columns=(("COMMON STOCK",), ("TOTAL",)),
        caption="STATEMENTS OF SHAREHOLDERS' EQUITY",
    )
    assert told[-1] == "Apple's total shareholders' equity was $60,274 million as of July 1, 2023."
    assert tell(row("Total shareholders' equity", "60,274", ""))[0].endswith("million as of July 1, 2023.")


def test_what_was_bought_is_told_from_what_is_owned() -> None:
    told = tell(row("Goodwill", "9,501", ""), caption="The purchase price was allocated as follows:")
    assert told[0].startswith("Apple's goodwill (purchase price) was $9,501 million")


def test_a_table_of_shares_counts_shares() -> None:
    shares = tell(row("Repurchased", "(499,372)", ""), caption="Changes in shares (in thousands)", note="")
    assert "-499,372 thousand shares" in shares[0]


def test_the_fact_of_a_cell_is_in_plain_units() -> None:
    table = Table(number=1, columns=QUARTERS[:1], rows=(row("Net income", "19,881"),), unit_note=NOTE)
    (statement,) = read_tables(Page(number=1, markdown="", tables=(table,)), CARD)
    (fact,) = statement.facts
    assert (fact.entity, fact.measure, fact.unit) == ("Apple", "net income", "USD")
    assert fact.value == 19_881_000_000
    assert (fact.period, fact.shown) == ("3m:2023-07-01", "19,881")


def test_a_change_column_says_between_which_periods() -> None:
    columns = (*QUARTERS, ("Change",))
    told = tell(row("iPhone", "$39,669", "$40,665", "(2)%"), columns=columns)
    assert told[-1] == (
        "Apple's iPhone decreased by 2% in the three months ended July 1, 2023 "
        "compared with the three months ended June 25, 2022."
    )


def test_a_heading_read_over_one_column_holds_for_its_group_up_to_the_change() -> None:
    quarter = (("2022",), ("Three Months Ended December 31,", "2021"), ("Percentage Change",))
    half = (("2022",), ("Six Months Ended December 31,", "2021"), ("Percentage Change",))
    told = tell(row("Revenue", "52,747", "51,728", "2%", "102,869", "97,045", "6%"), columns=(*quarter, *half))
    assert told[0].endswith("$52,747 million in the three months ended December 31, 2022.")
    assert told[3].endswith("$102,869 million in the six months ended December 31, 2022.")
    assert told[5].endswith(
        "6% in the six months ended December 31, 2022 compared with the six months ended December 31, 2021."
    )


def test_change_columns_between_periods_compare_their_neighbours() -> None:
    columns = (("Years ended", "2024"), ("Change",), ("Years ended", "2023"), ("Change",), ("Years ended", "2022"))
    told = tell(row("Mac", "$29,984", "2%", "$29,357", "(27)%", "$40,177"), columns=columns)
    assert [text for text in told if "compared" in text] == [
        "Apple's Mac increased by 2% in fiscal 2024 compared with fiscal 2023.",
        "Apple's Mac decreased by 27% in fiscal 2023 compared with fiscal 2022.",
    ]


def test_rows_of_one_label_are_told_apart_by_their_heading() -> None:
    told = tell(
        row("Americas:", "", ""),
        row("Operating income", "13,117", ""),
        row("Europe:", "", ""),
        row("Operating income", "7,995", ""),
    )
    assert [text.partition(" was")[0] for text in told] == [
        "Apple's operating income for Americas",
        "Apple's operating income for Europe",
    ]


def test_a_share_of_something_belongs_to_the_row_above() -> None:
    told = tell(
        row("Research and development", "$7,442", ""),
        row("Percentage of total net sales", "9%", ""),
        row("Selling, general and administrative", "$5,973", ""),
        row("Percentage of total net sales", "7%", ""),
    )
    assert told[3].startswith("Apple's selling, general and administrative as a percentage of total net sales was 7%")


def test_years_under_a_heading_that_ends_them_are_dated() -> None:
    columns = (("For the six months ended June 30:", "2025"),)
    assert tell(row("Revenue", "31,518"), columns=columns)[0].endswith("in the six months ended June 30, 2025.")


def test_an_ending_balance_holds_at_the_end_of_its_period() -> None:
    assert tell(row("Total equity, ending balances", "60,274", ""))[0].endswith("million as of July 1, 2023.")


def test_rows_that_name_the_period_are_read_across() -> None:
    columns = (("Average Price Paid Per Share",), ("Total Shares Purchased",))
    told = tell(row("July 1, 2023", "$ 176.39", "45,000"), columns=columns, note="")
    assert told[0] == "Apple's average price paid per share was $176.39 as of July 1, 2023."


def test_a_table_without_periods_gives_one_sentence_a_row() -> None:
    columns = (("Role",), ("Since",))
    told = tell(row("Ada Byron", "Chair", "2019"), columns=columns, note="", caption="Directors")
    assert told == ["Apple – Directors – Ada Byron: Role: Chair; Since: 2019."]


def test_a_table_that_goes_on_keeps_the_scale_of_the_page_before() -> None:
    first = Table(number=1, columns=QUARTERS[:1], rows=(row("Net income", "1"),), unit_note="(In thousands)")
    rest = Table(number=1, columns=QUARTERS[:1], rows=(row("Net income", "$19,881"),))
    before = Page(number=1, markdown="", tables=(first,))
    (statement,) = read_tables(Page(number=2, markdown="", tables=(rest,)), CARD, before=before)
    assert "$19,881 thousand" in statement.text


def test_dashes_and_words_are_no_figures() -> None:
    assert tell(row("Net income", "—", "NM")) == ["Apple – Net income: " + told_columns()]


def told_columns() -> str:
    return "Three Months Ended July 1, 2023: —; Three Months Ended June 25, 2022: NM."


def test_a_row_of_a_sheet_says_of_which_sheet_it_is() -> None:
    table = Table(number=1, columns=QUARTERS[:1], rows=(row("US", "7", path=("Depreciation",)),), unit_note=NOTE)
    (said,) = read_tables(Page(number=1, markdown="", tables=(table,), label="Oil & gas!B2:C9"), CARD)
    assert said.text == "Apple's depreciation for US was $7 million in the three months ended July 1, 2023 (Oil & gas)."
    (plain,) = read_tables(Page(number=1, markdown="", tables=(table,), label="Sheet1!B2:C9"), CARD)
    assert "(" not in plain.text


@pytest.mark.parametrize(
    "labels", [("Executive Summary", "Results of Operations", "Liquidity"), ("One", "Two", "Three")]
)
def test_a_list_of_contents_says_nothing(labels: tuple[str, ...]) -> None:
    rows = [row(label, number) for label, number in zip(labels, ("13", "14", "18"), strict=True)]
    headed = ("Page",) if labels[0] == "One" else ()
    assert tell(*rows, columns=(headed,), note="", units="in millions") == []


def test_a_table_without_money_or_periods_is_not_in_the_units_of_the_accounts() -> None:
    aged = tell(
        row("Jane Doe", "54", "Chief Executive"), columns=(("Age",), ("Position",)), note="", units="in millions"
    )
    assert aged == ["Apple – Jane Doe: Age: 54; Position: Chief Executive."]


def test_a_place_measures_what_its_table_counts() -> None:
    rows = (row("Europe", "8,150"), row("Total Asia Pacific", "1,204"), row("Foreign exchange", "31"))
    told = tell(*rows, note="", caption="Retail sites", columns=(("2022",),), short_name="Halden")
    assert [text.split(" was")[0].split(" were")[0] for text in told] == [
        "Halden's retail sites in Europe",
        "Halden's total retail sites in Asia Pacific",
        "Halden's foreign exchange",
    ]
    assert "Halden's Europe" in tell(rows[0], note="", caption="Balance sheet", short_name="Halden")[0]


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("(thousand barrels per day)", "was 265 thousand barrels per day in"),
        ("Thousands of acres", "was 265 thousand acres in"),
        ("thousands of U.S. dollars", "was $265 thousand in"),
        ("$ million, except ratios", "was $265 million in"),
    ],
)
def test_a_note_may_name_what_is_counted_in_place_of_money(note: str, said: str) -> None:
    (told,) = tell(row("Lingen", "265", ""), note=note)
    assert said in told


def test_a_note_may_scale_amounts_and_shares_at_once() -> None:
    note = "$ and shares in millions, except per share amounts"
    told = tell(row("Revenue", "$9,583", ""), row("Diluted earnings per share", "$1.25", ""), note=note)
    assert [said.split(" in ")[0] for said in told] == [
        "Apple's revenue was $9,583 million",
        "Apple's diluted earnings per share were $1.25",
    ]
