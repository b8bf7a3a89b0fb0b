"""The tasks without a model: table rows and sentences become insights, headings become concepts."""

from app.agents.pyramid.card import describe
from app.agents.pyramid.concepts import find_concepts, write_abstract
from app.agents.pyramid.prompts import (
    COMPARE_STATEMENTS,
    COVER_WINDOW,
    DESCRIBE,
    FIND_CONCEPTS,
    READ_WINDOW,
    REPAIR_WINDOW,
    WRITE_ABSTRACT,
)
from app.agents.pyramid.prose import read_prose
from app.agents.pyramid.schemas import (
    Card,
    CompareInput,
    Comparison,
    Comparisons,
    CoverInput,
    DescribeInput,
    Edit,
    RepairInput,
    WindowInput,
    WindowReading,
)
from app.agents.pyramid.statements import read_tables
from app.knowledge.opposites import exclude_each_other
from app.llm.task import OfflineFunctions


def describe_document(input: DescribeInput) -> Card:
    """Return the card as the first pages and the file name give it."""
    return describe(input.filename, input.title, input.pages, input.unit_notes)


def read_window(input: WindowInput) -> WindowReading:
    """Return every table statement and sentence of the pages that have no insights yet."""
    known = {insight.page for insight in input.insights}
    edits: list[Edit] = []
    before = input.before
    for page in input.pages:
        if page.number not in known:
            texts = [s.text for s in read_tables(page, input.card, before=before)]
            texts += [s.text for s in read_prose(page.markdown, input.card)]
            edits += [Edit(op="add", page=page.number, text=text) for text in dict.fromkeys(texts)]
        before = page
    return WindowReading(edits=edits)


def repair_window(input: RepairInput) -> WindowReading:
    """Return no better wording: without a model what is not grounded is dropped."""
    return WindowReading(edits=[Edit(op="drop", number=insight.number) for insight in input.insights])


def cover_window(input: CoverInput) -> WindowReading:
    """Return nothing more: the first reading has taken every row and sentence."""
    return WindowReading(edits=[])


def compare_statements(input: CompareInput) -> Comparisons:
    """Return "conflict" for sentences of the same words with exactly one difference; of all others nothing is said."""
    found = []
    for pair in input.pairs:
        reason = exclude_each_other(pair.one, pair.other, pair.one_of, pair.other_of)
        found.append(Comparison(number=pair.number, reason=reason, verdict="conflict" if reason else "unsure"))
    return Comparisons(comparisons=found)


OFFLINE: OfflineFunctions = {
    DESCRIBE.name: describe_document,
    READ_WINDOW.name: read_window,
    REPAIR_WINDOW.name: repair_window,
    COVER_WINDOW.name: cover_window,
    FIND_CONCEPTS.name: find_concepts,
    WRITE_ABSTRACT.name: write_abstract,
    COMPARE_STATEMENTS.name: compare_statements,
}
