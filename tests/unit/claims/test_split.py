"""Texts into claims with their place."""

from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.claims.checker import place_claims
from app.knowledge.claims.split import locate, split_claims, split_sentences
from app.knowledge.claims.tasks import StatedClaim


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def test_abbreviations_decimals_and_citations_end_no_sentence() -> None:
    text = "Apple Inc. earned $1.5 billion in the U.S. market [a.pdf, pg. 4]. Dr. No disagreed! Why?"
    assert sentences(text) == [
        "Apple Inc. earned $1.5 billion in the U.S. market [a.pdf, pg. 4].",
        "Dr. No disagreed!",
        "Why?",
    ]


def test_lists_and_paragraphs_end_sentences() -> None:
    assert sentences("Two points\n\n- the first one\n- the second one") == [
        "Two points",
        "- the first one",
        "- the second one",
    ]


@given(st.text(max_size=300))
def test_spans_lie_in_the_text_in_order_without_overlap(text: str) -> None:
    spans = list(split_sentences(text))
    flat = [place for span in spans for place in span]
    assert flat == sorted(flat)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())


def test_questions_appeals_and_courtesies_are_no_claims() -> None:
    text = "Ladies and gentlemen, good evening. Is that so? We should act now. The port closed for two days."
    assert [claim.text for claim in split_claims(text)] == ["The port closed for two days."]


def test_quote_under_a_fixed_phrase_is_the_claim_itself() -> None:
    [claim] = split_claims('Our evidence: "The port closed for two days." [log.txt]')
    assert claim.text == "The port closed for two days."


def test_weightiest_claims_are_kept_in_their_order() -> None:
    text = "The sky was grey all day. Sales rose 8% to $4 million. The sea was rough that day. Costs fell 3% in May."
    assert [claim.text for claim in split_claims(text, limit=2)] == [
        "Sales rose 8% to $4 million.",
        "Costs fell 3% in May.",
    ]


def test_excerpt_is_found_whatever_its_spacing_and_quotation_marks() -> None:
    text = "He said that “the port\nclosed” early."
    found = locate('"the port closed"', text)
    assert found is not None
    assert text[slice(*found)] == "the port\nclosed"


def test_claim_whose_excerpt_is_not_there_gets_the_nearest_sentence() -> None:
    text = "The sky was grey. The port closed for two days."
    [claim] = place_claims(text, [StatedClaim(excerpt="not in it", claim="The northern port closed two days.")])
    assert text[slice(*claim.span)] == "The port closed for two days."
