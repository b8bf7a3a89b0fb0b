"""What an entry opens with, and the names a text may mention."""

import pytest

from app.knowledge.names import choose_names, list_grams, lower_words, opening_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# Dark River (2017 film)\nA British drama.", "dark river"),
        ("The Last Coupon\nA comedy.", "last coupon"),
        ("Amcor's net sales fell.", "amcor"),
        ("Ermengarde of Tours was a Frank.", "ermengarde of tours"),
        ("Michael Curtiz, a director, made it.", "michael curtiz"),
        ("Étienne de Crécy sang.", "etienne de crecy"),
        ("he walked home.", ""),
        ("2019\n2020", ""),
        ("", ""),
    ],
)
def test_a_text_opens_with_its_heading_or_its_first_capitalised_words(text: str, name: str) -> None:
    assert opening_name(text) == name


def test_a_common_word_at_the_start_of_a_sentence_is_no_name() -> None:
    common = lower_words(["Sales rose.", "Our sales are high."])
    assert opening_name("Sales rose.", common) == ""
    assert opening_name("Socrates rose.", common) == "socrates"


def test_the_longest_known_name_is_chosen_once_and_in_order() -> None:
    grams = list_grams("Frank Lloyd met John Wallop, 2nd Earl of Portsmouth; Frank Lloyd left.")
    known = {"john wallop", "john wallop 2nd earl of portsmouth", "frank lloyd", "frank"}
    assert choose_names(grams, known) == ["frank lloyd", "john wallop 2nd earl of portsmouth"]


def test_a_question_in_lower_case_names_by_two_words_or_more() -> None:
    names = {name for name, _, _ in list_grams("where was frank lloyd born", cased=False)}
    assert "frank lloyd" in names
    assert "born" not in names
    assert list_grams("where was frank lloyd born") == []
