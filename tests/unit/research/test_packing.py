"""What goes into a prompt."""

from uuid import uuid4

from app.agents.research.packing import cost, drop_doubles, estimate_tokens, pack
from app.agents.research.schemas import Finding

DOCUMENT = uuid4()


def finding(text: str, score: float, *, filename: str = "a.pdf", step: str = "q1") -> Finding:
    return Finding(
        entry_id=uuid4(), level="insight", document_id=DOCUMENT, filename=filename, pages=[1], text=text, score=score,
        sub_questions=[step],
    )  # fmt: skip


def test_the_cap_is_never_passed() -> None:
    findings = [finding(f"Statement number {n} about some topic {'x' * n}", 1 / (n + 1)) for n in range(60)]
    assert sum(cost(f) for f in pack(findings, tokens=500)) <= 500


def test_the_same_said_twice_goes_in_once() -> None:
    kept = drop_doubles([finding("Sales were $5 million in May.", 0.4), finding("Sales were $5 million in May", 0.9)])
    assert [f.score for f in kept] == [0.9]


def test_other_figures_are_no_doubles() -> None:
    assert len(drop_doubles([finding("Sales were $5 million.", 0.4), finding("Sales were $6 million.", 0.9)])) == 2


def test_every_sub_question_and_document_gets_its_best_first() -> None:
    many = [finding(f"A long statement about matter {n} of the first question", 0.9) for n in range(9)]
    poor = finding("Little known", 0.1, step="q2", filename="b.pdf")
    assert poor.text in [f.text for f in pack([*many, poor], tokens=120)]


def test_short_ids_count_from_one_best_first() -> None:
    packed = pack([finding("One thing", 0.2), finding("Another matter", 0.8)], tokens=1000)
    assert [(f.id, f.text) for f in packed] == [("F1", "Another matter"), ("F2", "One thing")]


def test_tokens_of_other_scripts_count_by_letter() -> None:
    assert estimate_tokens("日本語") == 3
    assert estimate_tokens("abcd" * 10) == 10
