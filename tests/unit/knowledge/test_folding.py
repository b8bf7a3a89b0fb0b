"""Near-duplicates are shown once."""

from uuid import UUID, uuid4

from app.knowledge.folding import fold
from app.knowledge.types import EntryView, Hit, Level


def hit(text: str, level: Level = "insight") -> Hit:
    entry = EntryView(
        id=uuid4(),
        level=level,
        text=text,
        document_id=None,
        filename="",
        collection_id=UUID(int=1),
        pages=(1,),
        grounding="grounded",
    )
    return Hit(entry=entry, score=1, lexical_rank=1, vector_rank=1)


def test_a_text_in_other_case_and_marks_is_folded_into_the_better_hit() -> None:
    first, other, second = hit("Net sales were $5 million."), hit("Costs fell."), hit("**Net sales** were $5 million")
    shown = fold([first, other, second])
    assert [each.entry.id for each in shown] == [first.entry.id, other.entry.id]
    assert shown[0].folded == (second.entry.id,)


def test_another_figure_is_never_folded_away() -> None:
    assert len(fold([hit("Net sales were $5 million."), hit("Net sales were $6 million.")])) == 2


def test_another_level_is_never_folded_away() -> None:
    assert len(fold([hit("Net sales."), hit("Net sales.", "page")])) == 2
