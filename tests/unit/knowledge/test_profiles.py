"""The words a document can be asked for by."""

from app.knowledge.profiles import asked_words, profile_words


def test_a_profile_has_the_words_of_file_name_title_and_metadata() -> None:
    metadata = {"issuer": "Best Buy Co., Inc.", "form": "10-Q", "fiscal_year": "2024", "fiscal_period": "Q2"}
    profile = profile_words("BESTBUY_2024Q2_10Q.pdf", "Quarterly report", metadata)
    assert {"best", "buy", "bestbuy", "10q", "2024q2", "fy2024", "quarter"} <= {*profile}
    assert "inc" not in profile


def test_a_question_asks_for_a_form_however_it_is_written() -> None:
    assert "10k" in asked_words("the 10-K of 2018") & asked_words("its 10K")
    assert asked_words("in the second quarter of fiscal 2024") & {"2024q2"}
    assert asked_words("a 7 of 12") == set()
