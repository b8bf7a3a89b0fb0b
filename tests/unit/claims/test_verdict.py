"""Claims against passages without a model."""

from decimal import Decimal

import pytest

from app.knowledge.claims.measures import find_measure
from app.knowledge.claims.rank import rank_passages
from app.knowledge.claims.types import Passage, Slot, Verdict
from app.knowledge.claims.verdict import settle

SALES = Passage(
    id="1",
    text="Apple's total net sales were $81,797 million in the three months ended July 1, 2023.",
    filename="q3.pdf",
    pages=(4,),
    slots=(
        Slot(
            entity="Apple",
            measure="total net sales",
            value=Decimal(81_797_000_000),
            unit="USD",
            period="3m:2023-07-01",
            shown="81,797",
        ),
    ),
)
GROWTH = Passage(id="2", text="Services net sales increased 8% in the third quarter of 2023.", filename="q3.pdf")
STORM = Passage(id="3", text="The storm closed the northern harbour for two days.", filename="log.txt")
PASSAGES = [SALES, GROWTH, STORM]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Apple's total net sales were $81,797 million in the three months ended July 1, 2023.", "supported"),
        ("Apple's net sales were $81.8 billion in the three months ended July 1, 2023.", "supported"),
        ("Apple's revenue was $81,897 million in the three months ended July 1, 2023.", "refuted"),
        ("Apple's net sales were $81.7 billion in the three months ended July 1, 2023.", "refuted"),
        ("Services net sales increased 9% in the third quarter of 2023.", "refuted"),
        ("Services net sales decreased 8% in the third quarter of 2023.", "refuted"),
        ("The storm closed the northern harbour for two days.", "supported"),
        ("The storm closed the northern harbour and sank nine ferries off Norway.", "partly"),
        ("Cats sleep most of the day.", "not_enough_evidence"),
    ],
)
def test_claim_gets_its_verdict(claim: str, verdict: Verdict) -> None:
    assert settle(claim, PASSAGES).verdict == verdict


FIRST = {"issuer": "Apple Inc.", "period_end": "2022-12-31", "fiscal_year": "2023", "fiscal_period": "Q1"}


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Apple's net sales were $117,154 million in the first quarter of fiscal 2023.", "supported"),
        ("Apple's net sales were $127,154 million in the first quarter of fiscal 2023.", "refuted"),
        ("Apple's net sales were $117,154 million in the second quarter of fiscal 2023.", "not_enough_evidence"),
        ("Apple's net sales were $123,945 million in the first quarter of 2022.", "supported"),
        ("Apple's net sales were $117,154 million in the first quarter of 2022.", "refuted"),
    ],
)
def test_a_quarter_is_the_one_the_document_counts_so(claim: str, verdict: Verdict) -> None:
    said = [("117,154", "2022-12-31", "December 31, 2022"), ("123,945", "2021-12-25", "December 25, 2021")]
    passages = [
        SALES.model_copy(
            update={
                "id": day,
                "text": f"Apple's total net sales were ${shown} million in the three months ended {named}.",
                "document": FIRST,
                "slots": (
                    SALES.slots[0].model_copy(
                        update={"value": Decimal(shown.replace(",", "")) * 10**6, "period": f"3m:{day}", "shown": shown}
                    ),
                ),
            }
        )
        for shown, day, named in said
    ]
    assert settle(claim, passages).verdict == verdict


@pytest.mark.parametrize(
    "claim",
    [
        "Apple's total net sales were $82,959 million in the three months ended June 25, 2022.",
        "Microsoft's revenue was $56,189 million in the three months ended July 1, 2023.",
        "Apple's gross margin was $36,413 million in the three months ended July 1, 2023.",
        "Apple's total net sales were $293,787 million in the nine months ended July 1, 2023.",
        "Services net sales increased 5% in the third quarter of 2022.",
    ],
)
def test_other_period_company_or_measure_refutes_nothing(claim: str) -> None:
    assert settle(claim, PASSAGES).verdict != "refuted"


def test_refutation_names_both_figures_and_the_page() -> None:
    finding = settle("Apple's revenue was $81,897 million in the three months ended July 1, 2023.", PASSAGES)
    assert finding.reason == "$81,897 million is claimed; [q3.pdf, pg. 4] has 81,797."
    assert finding.passages == (SALES,)


def test_percentage_that_follows_from_two_figures_is_supported() -> None:
    passage = Passage(id="1", text="Harbour traffic rose from 200 ships to 250 ships.", filename="log.txt")
    assert settle("Harbour traffic rose 25% in ships.", [passage]).verdict == "supported"


def test_denial_in_the_same_words_is_refuted() -> None:
    passage = Passage(id="1", text="The drug was not associated with a higher risk of stroke.", filename="a")
    assert settle("The drug was associated with a higher risk of stroke.", [passage]).verdict == "refuted"


def test_passages_that_add_something_rank_before_repeats() -> None:
    repeat = STORM.model_copy(update={"id": "4"})
    ranked = rank_passages("The storm closed the harbour; services sales increased.", [STORM, repeat, GROWTH], limit=2)
    assert {passage.id for passage in ranked} == {"2", "3"}


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("Total net sales", "revenue"),
        ("Net cash provided by operating activities", "operating cash flow"),
        ("Income before provision for income taxes", "income before tax"),
        ("Diluted net earnings per share", "diluted earnings per share"),
        ("total shareholders’ equity", "equity"),
        ("cost of sales", "cost of revenue"),
        ("total cost", "cost of revenue"),
        ("total costs and expenses", None),
        ("operating activities (total cash provided by (used in))", "operating cash flow"),
        ("number of ships", None),
    ],
)
def test_measures_go_by_many_names(text: str, measure: str | None) -> None:
    assert find_measure(text) == measure


def test_measure_by_another_name_counts_as_said() -> None:
    told = "Apple's term debt (non-current liabilities) was $85,750 million as of September 28, 2024."
    others = ["Apple's current portion of term debt was $10,912 million as of September 28, 2024.", SALES.text]
    passages = [Passage(id=str(number), text=text, filename="k.pdf") for number, text in enumerate([told, *others])]
    claim = "Apple's long-term debt was $85,750 million as of September 28, 2024."
    assert settle(claim, passages).verdict == "supported"


def test_what_stands_in_the_evidence_word_for_word_is_never_refuted() -> None:
    other = SALES.model_copy(update={"id": "9", "text": SALES.text.replace("81,797", "82,000"), "slots": ()})
    assert settle(other.text, [SALES, other]).verdict == "supported"
