from app.agents.pyramid.concepts import find_concepts, write_abstract
from app.agents.pyramid.schemas import AbstractInput, Card, ConceptsInput, Numbered

CARD = Card(issuer="Apple Inc.", short_name="Apple", form="10-Q", period_end="2023-07-01")
SALES = "Apple's total net sales were $81,797 million in the three months ended July 1, 2023."


def test_insights_under_one_heading_become_one_concept() -> None:
    insights = [Numbered(number=n, page=1, text=f"Apple's item {n} was {n} units.") for n in range(1, 6)]
    topics = ["Segments", "Segments", "Risk", "Segments", "Risk"]
    found = find_concepts(ConceptsInput(card=CARD, insights=insights, topics=topics, wanted=2)).concepts
    assert [concept.numbers for concept in found] == [[1, 2, 4], [3, 5]]
    assert found[0].text.startswith("Apple – Segments: Apple's item")


def test_there_are_about_as_many_concepts_as_wanted() -> None:
    insights = [Numbered(number=n, page=n, text=f"Statement {n}.") for n in range(1, 10)]
    topics = [f"Topic {n}" for n in range(1, 10)]
    assert len(find_concepts(ConceptsInput(card=CARD, insights=insights, topics=topics, wanted=4)).concepts) == 4


def test_a_group_without_a_heading_is_told_by_its_sentences_alone() -> None:
    insights = [Numbered(number=1, page=3, text="Apple opened a store in Pune.")]
    [concept] = find_concepts(ConceptsInput(card=CARD, insights=insights, topics=[""], wanted=1)).concepts
    assert concept.text == "Apple opened a store in Pune."


def test_the_abstract_says_what_the_document_is_and_its_chief_figures_by_period() -> None:
    told = [
        "Other.",
        "Apple's net sales from Products were $60,584 million in the three months ended July 1, 2023.",
        SALES,
        "Apple's net income was $19,881 million in the three months ended July 1, 2023.",
        "Apple's total assets were $335,038 million as of July 1, 2023.",
        "Apple's total net sales were $82,959 million in the three months ended June 25, 2022.",
    ]
    concepts = [
        "Apple – Segments: …",
        "Apple opened a store in Pune.",
        "Apple – 2024: more",
        "Apple – Risk: …",
        "Apple – Segments: more",
    ]
    text = write_abstract(AbstractInput(card=CARD, filename="q3.pdf", concepts=concepts, insights=told)).text
    assert text == (
        "q3.pdf is a Form 10-Q of Apple Inc. for the period ended July 1, 2023. "
        "In the three months ended July 1, 2023, Apple's total net sales were $81,797 million and net income "
        "$19,881 million. As of July 1, 2023, Apple's total assets were $335,038 million. "
        "It speaks of: Segments; Risk."
    )


def test_an_abstract_without_figures_begins_with_the_first_sentences() -> None:
    input = AbstractInput(card=Card(form="annual report"), filename="a.md", concepts=[], insights=["One.", "Two."])
    assert write_abstract(input).text == "a.md is an annual report. One. Two."


def test_an_issuer_that_ends_in_a_full_stop_ends_the_sentence() -> None:
    card = Card(form="report", issuer="Tarn Foods, Inc.")
    input = AbstractInput(card=card, filename="a.md", concepts=[], insights=["One."])
    assert write_abstract(input).text == "a.md is a report of Tarn Foods, Inc. One."
