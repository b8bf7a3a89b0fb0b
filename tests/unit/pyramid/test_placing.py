"""Where an insight rests, and the figures it carries."""

import pytest

from app.agents.pyramid.placing import PagePlaces
from app.agents.pyramid.schemas import Card, Insight
from app.convert.document import Page

CARD = Card(issuer="Halden Instruments, Inc.", short_name="Halden")


def place(sentence: str) -> Insight:
    page = Page(number=1, label="1", markdown=f"# Results\n\n{sentence}\n")
    return PagePlaces(page, CARD, None).place(Insight(page=1, text=sentence))


def test_a_sentence_has_its_place_its_heading_and_the_figures_it_asserts() -> None:
    placed = place("Halden's net sales were $698.4 million in the third quarter of 2025, up again.")
    assert (placed.topic, placed.evidence[0].start) == ("Results", 11)
    assert [(fact.entity, fact.measure, fact.period) for fact in placed.facts] == [("Halden", "net sales", "2025q3")]


@pytest.mark.parametrize(
    "sentence",
    [
        "The total was $5 million in fiscal 2025 for all of us.",
        "Net sales were $698.4 million in 2025 for all of us.",
        "The aggregate purchase price was $5 million in fiscal 2025.",
        "The height of the tower was 48 in fiscal 2025.",
    ],
)
def test_a_figure_that_does_not_say_what_accounts_it_is_of_or_when_is_left_to_its_sentence(sentence: str) -> None:
    assert place(sentence).facts == ()
