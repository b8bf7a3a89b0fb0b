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


def test_the_abstract_says_what_the_document_is_and_its_chief_figures() -> None:
    input = AbstractInput(card=CARD, filename="q3.pdf", concepts=["Apple – Segments: …"], insights=["Other.", SALES])
    text = write_abstract(input).text
    assert text.startswith("q3.pdf is a Form 10-Q of Apple Inc. for the period ended July 1, 2023.")
    assert SALES in text
    assert text.endswith("It speaks of: Apple – Segments.")
