"""What a page is quoted with."""

from uuid import uuid4

from app.agents.research.questions import read_question
from app.agents.research.searches import best_passage
from app.knowledge.types import EntryView

TABLE = "| | Cash |\n| --- | --- |\n| Cash held in Tarn's banks | $25 |"


def page(text: str) -> EntryView:
    return EntryView(
        id=uuid4(), level="page", text=text, document_id=uuid4(), filename="tarn.md", collection_id=uuid4(), pages=(1,),
        grounding="grounded",
    )  # fmt: skip


def test_a_page_is_quoted_in_sentences_up_to_the_next_table() -> None:
    reading = read_question("How much cash does Tarn hold?", [])
    lead = "Tarn's cash is as follows.\nIt is kept in banks."
    assert best_passage(page(f"Nothing else.\n\n{lead}\n\n{TABLE}\n\nThe end."), reading) == lead
    assert best_passage(page(f"{lead}\n\n**Tarn's cash**\n\nMore."), reading) == lead
    assert best_passage(page(TABLE), reading) is None
