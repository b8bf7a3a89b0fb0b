"""Quotes, plans, ballots, stance and speeches without a graph."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.agents.debate.arguments import write_speech
from app.agents.debate.floor import write_citations
from app.agents.debate.panel import CRITERIA, ORDERS, Ballot, SideScores, tally
from app.agents.debate.quotes import find_quotes, stands_in
from app.agents.debate.rules import Turn, build_plan, cut_to_words, find_plan_problems
from app.agents.debate.scoring import judge_offline
from app.agents.debate.stance import lean
from app.agents.debate.tasks import Dispute, JudgedClaim, JudgedSpeech, JudgeInput, SpeakInput, TopicInput
from app.agents.debate.topics import drop_near, propose_offline
from app.knowledge.claims.types import Passage

TOPIC = "Apple depends less on one product than Microsoft"


def passage(text: str) -> Passage:
    return Passage(id=text, text=text, filename="a.txt", pages=(3,))


def ballot(judge: int, order: int, pro: float, con: float) -> Ballot:
    scores = {criterion: SideScores(pro=pro, con=con) for criterion in CRITERIA}
    return Ballot(judge=judge, order=ORDERS[order], scores=scores)


@pytest.mark.parametrize(
    ("quote", "exact"),
    [
        ("net sales rose 8% to $4.2 million", True),
        ("Net sales rose 8% to $4.2 million,", True),
        ("net sales … to $4.2 million", True),
        ("net sales rose 9% to $4.2 million", False),
        ("net sales rose 8% to $42 million", False),
        ("net sales to $4.2 million", False),
    ],
)
def test_quote_is_exact_in_words_and_figures(quote: str, exact: bool) -> None:
    assert stands_in(quote, "In 2023 net sales rose 8% to $4.2 million in all.") is exact


def test_terms_of_fewer_than_five_words_are_no_quotes() -> None:
    assert find_quotes('The "free port" is "a port that takes no duty".') == ["a port that takes no duty"]


@given(st.sampled_from(["pro", "con"]), st.integers(0, 5), st.booleans())
def test_every_plan_that_options_build_is_valid(first: str, rounds: int, examined: bool) -> None:
    plan = build_plan(first="pro" if first == "pro" else "con", extra_rounds=rounds, cross_examination=examined)
    assert find_plan_problems(plan) == []
    assert plan[0].speaker == first


def test_question_without_answer_is_no_plan() -> None:
    plan = [*build_plan(), Turn(speaker="pro", stage="question")]
    assert find_plan_problems(plan) == ["Turn 5: a question is followed by the other side's answer."]


@given(st.text(max_size=400), st.integers(1, 60))
def test_cut_text_keeps_to_the_cap_and_to_its_beginning(text: str, cap: int) -> None:
    cut, was_cut = cut_to_words(text, cap)
    assert len(cut.split()) <= cap
    assert text.strip().startswith(cut)
    assert was_cut == (len(text.split()) > cap)


def test_winner_needs_judges_and_scores() -> None:
    votes = [
        ballot(judge, order, *given) for judge, given in ((1, (6, 5)), (2, (6, 5)), (3, (1, 9))) for order in (0, 1)
    ]
    assert tally(votes).winner == "tie"
    assert tally(votes[:4]).winner == "pro"
    assert tally(votes).agreement == pytest.approx(2 / 3)


def test_judge_heard_in_one_order_only_does_not_count() -> None:
    assert tally([ballot(1, 0, 9, 1)]).judges == 0


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Apple's reliance on the iPhone decreased in 2023.", 1),
        ("Apple's reliance on the iPhone increased in 2023.", -1),
        ("Microsoft's dependence on Windows increased.", 1),
        ("Apple sells watches.", 1),
        ("Microsoft sells Xbox consoles.", -1),
        ("Storms closed the harbour.", 0),
    ],
)
def test_passage_leans_by_direction_and_subject(text: str, side: int) -> None:
    leaning = lean(TOPIC, passage(text))
    assert (leaning > 0) - (leaning < 0) == side


def test_what_rises_without_bearing_on_the_topic_serves_neither_side() -> None:
    topic = "Halden depends too much on one supplier"
    assert lean(topic, passage("Halden's net sales increased by 10%.")) == 0
    assert lean(topic, passage("Halden's orders from one supplier increased by 10%.")) > 0


def test_offline_speaker_keeps_to_what_bears_on_the_topic() -> None:
    told = ["Halden's net sales were $698.4 million in 2025.", "One supplier makes all detectors of the HX-40."]
    evidence = [passage(text) for text in told]
    asked = SpeakInput(
        topic="Halden depends on one supplier",
        side="pro",
        stage="opening",
        asks="",
        word_cap=80,
        evidence=evidence[::-1],
    )
    spoken = write_speech(asked)
    assert "One supplier makes" in spoken
    assert "698.4" not in spoken


def test_offline_speech_cites_the_passage_it_quotes() -> None:
    evidence = [passage("Apple's reliance on the iPhone decreased in 2023.")]
    asked = SpeakInput(topic=TOPIC, side="pro", stage="opening", asks="", word_cap=80, evidence=evidence)
    spoken = write_citations(write_speech(asked), evidence)
    assert '"Apple\'s reliance on the iPhone decreased in 2023." [a.txt, pg. 3]' in spoken


def test_offline_speaker_without_evidence_says_so() -> None:
    asked = SpeakInput(topic=TOPIC, side="con", stage="opening", asks="", word_cap=80)
    assert "We found nothing in the documents" in write_speech(asked)


CLAIMS = st.builds(
    JudgedClaim,
    text=st.sampled_from(
        ["Apple sold watches in May.", "Ships came late to port.", "Cloud revenue grew at Microsoft."]
    ),
    verdict=st.sampled_from(["supported", "partly", "refuted", "not_checked"]),
)
SPEECHES = st.lists(
    st.builds(
        JudgedSpeech,
        turn=st.integers(1, 6),
        stage=st.just("rebuttal"),
        text=st.text(max_size=80),
        claims=st.lists(CLAIMS, max_size=3),
    ),
    max_size=3,
)


@given(SPEECHES, SPEECHES)
def test_swapping_sides_swaps_the_offline_scores(first: list[JudgedSpeech], second: list[JudgedSpeech]) -> None:
    one = judge_offline(JudgeInput(topic=TOPIC, a=first, b=second))
    two = judge_offline(JudgeInput(topic=TOPIC, a=second, b=first))
    assert (one.a, one.b) == (two.b, two.a)


def test_what_documents_disagree_about_is_proposed_first() -> None:
    told = Dispute(
        text="Sales were $4 million.", filename="q1.pdf", other_text="Sales were $5 million.", other_filename="memo.md"
    )
    asked = TopicInput(disputes=[told], material=["The harbour grew by nine new berths in one year"])
    first, second = propose_offline(asked).topics
    assert first == "q1.pdf is right, and memo.md wrong: Sales were $4 million"
    assert "lasting change" in second
    assert propose_offline(asked.model_copy(update={"earlier": [first]})).topics == [second]


def test_near_duplicates_of_topics_are_dropped() -> None:
    topics = ["Dogs are better than cats", "Cats are better than dogs", "Ports should stay open in storms"]
    assert drop_near(topics, ["Storm ports should stay open"]) == [topics[0]]
