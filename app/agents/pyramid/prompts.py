"""The tasks of the pyramid agent."""

from collections.abc import Mapping, Sequence

from app.agents.pyramid.schemas import (
    Abstract,
    AbstractInput,
    Card,
    CompareInput,
    Comparisons,
    ConceptsFound,
    ConceptsInput,
    CoverInput,
    DescribeInput,
    Numbered,
    RepairInput,
    WindowInput,
    WindowReading,
)
from app.convert.document import Page
from app.llm.prompting import delimit
from app.llm.task import Task

SENTENCES = (
    "An insight is one short sentence, subject, verb, object, that can be understood without the document: "
    "name the entity, "
    "the measure, the value with its unit and scale, and the period. No pronouns, no 'the company', no 'above'. Copy "
    "numbers, dates and names exactly as printed; never compute, round or guess. State what is said, not that "
    "it is said."
)


def _pages(pages: Sequence[Page]) -> str:
    return "\n\n".join(delimit(page.markdown, f"page {page.number}") for page in pages)


def _card(card: Card) -> str:
    return delimit(card.model_dump_json(exclude_defaults=True), "document card")


def _numbered(insights: Sequence[Numbered]) -> str:
    lines = "\n".join(f"{item.number}. [page {item.page}] {item.text}" for item in insights)
    return delimit(lines or "(none)", "insights")


def _render_describe(input: DescribeInput) -> str:
    return f"File name: {delimit(input.filename, 'file name')}\n\n{_pages(input.pages)}"


def _render_window(input: WindowInput) -> str:
    return "\n\n".join([_card(input.card), _pages(input.pages), _numbered(input.insights)])


def _render_repair(input: RepairInput) -> str:
    problems = delimit("\n".join(input.problems), "problems")
    return "\n\n".join([_card(input.card), _pages(input.pages), _numbered(input.insights), problems])


def _render_cover(input: CoverInput) -> str:
    return "\n\n".join([_card(input.card), _pages(input.pages), delimit("\n".join(input.missing), "not yet carried")])


def _render_concepts(input: ConceptsInput) -> str:
    return f"{_card(input.card)}\n\n{_numbered(input.insights)}\n\nConcepts wanted: about {input.wanted}."


def _render_abstract(input: AbstractInput) -> str:
    concepts = delimit("\n".join(f"- {text}" for text in input.concepts), "concepts")
    insights = delimit("\n".join(f"- {text}" for text in input.insights), "insights")
    return "\n\n".join([f"File name: {delimit(input.filename, 'file name')}", _card(input.card), concepts, insights])


def _check_edits(input: WindowInput | RepairInput | CoverInput, output: WindowReading) -> list[str]:
    known = set() if isinstance(input, CoverInput) else {item.number for item in input.insights}
    pages = {page.number for page in input.pages}
    wrong = []
    for edit in output.edits:
        if edit.op != "add" and edit.number not in known:
            wrong.append(f"There is no insight number {edit.number}.")
        if edit.op == "add" and edit.page not in pages:
            wrong.append(f"Page {edit.page} is not among the pages {sorted(pages)}.")
        if edit.op != "drop" and not edit.text.strip():
            wrong.append(f"An edit of kind {edit.op} has no text.")
    return wrong


def _check_concepts(input: ConceptsInput, output: ConceptsFound) -> list[str]:
    known = {item.number for item in input.insights}
    unknown = sorted({n for concept in output.concepts for n in concept.numbers} - known)
    wrong = [f"There is no insight number {number}." for number in unknown]
    return wrong + [f"This concept rests on no insight: {c.text[:80]}" for c in output.concepts if not c.numbers]


def _render_compare(input: CompareInput) -> str:
    return "\n\n".join(
        "\n".join(
            [
                f"Pair {pair.number}:",
                delimit(f"{pair.one}\n(document: {_when(pair.one_of)})", "first"),
                delimit(f"{pair.other}\n(document: {_when(pair.other_of)})", "second"),
            ]
        )
        for pair in input.pairs
    )


def _when(known: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in known.items()) or "nothing known"


def _check_comparisons(input: CompareInput, output: Comparisons) -> list[str]:
    known = {pair.number for pair in input.pairs}
    return [f"There is no pair {each.number}." for each in output.comparisons if each.number not in known]


DESCRIBE = Task(
    name="pyramid.describe",
    version=1,
    role="extractor",
    instructions=(
        "Fill in the card of a document from its file name and first pages. title: as printed. issuer: full name "
        "of the "
        "organisation the document is about or by. short_name: how a sentence calls it ('Apple' for 'Apple "
        "Inc.'). form: "
        "the kind of document ('10-Q', 'annual report', 'memo'). period_end: ISO date of the period's last day. "
        "fiscal_year: four digits. fiscal_period: Q1, Q2, Q3, Q4 or FY. currency: ISO code. units: the scale only "
        "if it is "
        'said to hold for all tables. notes: other facts said once that hold everywhere. Leave "" what is not said.'
    ),
    input=DescribeInput,
    output=Card,
    render=_render_describe,
    max_output_tokens=800,
)

READ_WINDOW = Task(
    name="pyramid.read_window",
    version=3,
    role="extractor",
    instructions=(
        "You read two neighbouring pages and keep a list of insights. " + SENTENCES + " You are given the document's "
        "card, the pages, and the numbered insights found so far on the first of them. Return edits: op add "
        "(page, text) "
        "for what is missing, replace (number, text) for what the second page corrects or completes, drop (number) for "
        "what is wrong or said twice. Go through every paragraph and every row of every table; do not repeat insights "
        "that stand in the list. notes: facts of these pages that hold for the whole document, if any."
    ),
    input=WindowInput,
    output=WindowReading,
    render=_render_window,
    max_output_tokens=6000,
    check=_check_edits,
)

REPAIR_WINDOW = Task(
    name="pyramid.repair_window",
    version=1,
    role="extractor",
    instructions=(
        "Some insights say what their pages do not. For each numbered insight return one edit: replace (number, text) "
        "with what the page says, or drop (number) when the page does not say it. " + SENTENCES
    ),
    input=RepairInput,
    output=WindowReading,
    render=_render_repair,
    max_output_tokens=3000,
    check=_check_edits,
)

COVER_WINDOW = Task(
    name="pyramid.cover_window",
    version=1,
    role="extractor",
    instructions=(
        "No insight yet carries the listed figures and names of these pages. Return edits of kind add (page, text) for "
        "those that say something worth knowing; leave out page furniture. " + SENTENCES
    ),
    input=CoverInput,
    output=WindowReading,
    render=_render_cover,
    max_output_tokens=4000,
    check=_check_edits,
)

FIND_CONCEPTS = Task(
    name="pyramid.find_concepts",
    version=2,
    role="extractor",
    instructions=(
        "Group the numbered insights into concepts: ideas, developments or themes that several insights share. "
        "Each text "
        "is one to three sentences that stand alone and keep the figures and periods that matter, copied exactly; "
        "numbers "
        "are the insights it rests on. Use nothing that is not in the insights. An insight may serve several concepts."
    ),
    input=ConceptsInput,
    output=ConceptsFound,
    render=_render_concepts,
    max_output_tokens=4000,
    check=_check_concepts,
)

WRITE_ABSTRACT = Task(
    name="pyramid.write_abstract",
    version=1,
    role="writer",
    instructions=(
        "Write the abstract of a document from its card, concepts and insights: one dense paragraph of 150 to 300 "
        "words "
        "that says what the document is, of whom and of when, then its chief figures and themes, so that a reader can "
        "tell which questions it answers. Copy figures exactly. Use nothing that is not given."
    ),
    input=AbstractInput,
    output=Abstract,
    render=_render_abstract,
    max_output_tokens=900,
    prose_field="text",
    final=True,
)

COMPARE_STATEMENTS = Task(
    name="pyramid.compare_statements",
    version=1,
    role="checker",
    instructions=(
        "Each pair has one sentence of each of two documents. Say of each pair whether both can be true. conflict: "
        "they speak of the same thing at the same time and can't both be true. same: they say the same. compatible: "
        "both can be true, because they speak of different things, parts or times. unsure: it can't be told from the "
        "sentences. A document of a later period may say something new without contradicting the earlier one. Give "
        "the reason first, in one short sentence."
    ),
    input=CompareInput,
    output=Comparisons,
    render=_render_compare,
    max_output_tokens=4000,
    check=_check_comparisons,
)
