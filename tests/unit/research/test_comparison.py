"""What a report sets side by side."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

from app.agents.research.comparison import build_table, list_points
from app.agents.research.schemas import Finding, SlotValue
from app.agents.research.slots import Slot
from app.knowledge.periods import Period, months_ended

RESOLVED = "Apple is subject to legal proceedings that have not been fully resolved."


def found(id: str, text: str, filename: str) -> Finding:
    return Finding(
        id=id, entry_id=uuid4(), level="insight", document_id=uuid4(), filename=filename, pages=[1], text=text
    )


def sold(id: str, entity: str, millions: int, period: Period) -> Slot:
    text = f"{entity}'s net sales were ${millions:,} million."
    value = SlotValue(
        entity=entity,
        measure="net sales",
        value=Decimal(millions * 10**6),
        unit="USD",
        period=period.form,
        shown=f"${millions:,} million",
    )
    return Slot(finding=found(id, text, "a.pdf"), value=value, period=period, measure_fit=1, period_fit=1)


def test_a_table_has_a_row_a_period_and_a_column_an_entity() -> None:
    june, july = months_ended(3, date(2023, 6, 30)), months_ended(3, date(2023, 7, 1))
    table = build_table([sold("F1", "Apple", 81_797, july), sold("F2", "Microsoft", 56_189, june)])
    assert table.splitlines() == [
        "| Period | Apple's net sales | Microsoft's net sales |",
        "|---|---|---|",
        "| the three months ended June 30, 2023 | – | $56,189 million [F2] |",
        "| the three months ended July 1, 2023 | $81,797 million [F1] | – |",
    ]


def test_one_figure_makes_no_table() -> None:
    assert build_table([sold("F1", "Apple", 81_797, months_ended(3, date(2023, 7, 1)))]) == ""


def test_a_point_of_two_documents_cites_both_and_a_point_of_one_stands_under_its_name() -> None:
    points = [
        found("F1", RESOLVED, "new.pdf"),
        found("F2", RESOLVED.replace("fully", "finally"), "old.pdf"),
        found("F3", "Epic Games appealed the ruling against Apple.", "old.pdf"),
    ]
    shared, alone = list_points(points)
    assert shared == f"- {RESOLVED} [F1, F2]"
    assert alone == "**old.pdf**:\n\n- Epic Games appealed the ruling against Apple. [F3]"


def test_sentences_with_other_figures_make_other_points() -> None:
    points = [found("F1", "Sales fell 2%.", "a.pdf"), found("F2", "Sales fell 3%.", "b.pdf")]
    assert list_points(points) == ("", "")
