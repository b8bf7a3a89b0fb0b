"""Writes the sample documents in `app/samples`: `python -m tests.support.samples [FOLDER]`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import inch
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from tests.support.halden import QUARTERS, SEGMENTS, Row, balance_rows, income_rows, total
from tests.support.office_samples import write_press_release, write_workbook

SAMPLES = Path(__file__).parents[2] / "app" / "samples"
REPORT = "Halden Instruments 2025 Q3 Report.pdf"
MEMO = "Field Service Memo.md"
WORKBOOK = "Halden Instruments 2025 Q3 Figures.xlsx"
PRESS_RELEASE = "Halden Instruments Press Release.docx"


def shown(label: str, value: float, *, dollar: bool) -> str:
    text = f"{value:,.2f}" if "per share" in label else f"{value:,.1f}"
    return f"$ {text}" if dollar else text


def statement(rows: Sequence[Row], header: Sequence[str], heading: str) -> Table:
    """Lay a two-period statement out as filings do: a spanning heading, dates, labels, right-aligned figures."""
    cells: list[list[Any]] = [["", heading, ""], ["", *header]]
    bold: list[Any] = []
    for label, pair in rows:
        dollar = label in {"  Laboratory", "Cash and cash equivalents", "Net income"} or label.startswith("Total")
        cells.append([label, *(["", ""] if pair is None else [shown(label, v, dollar=dollar) for v in pair])])
        if label.startswith("Total") or label in {"Operating income", "Net income"}:
            bold.append(("FONTNAME", (0, len(cells) - 1), (-1, len(cells) - 1), "Helvetica-Bold"))
            bold.append(("LINEABOVE", (1, len(cells) - 1), (-1, len(cells) - 1), 0.5, colors.black))
    style = [
        ("SPAN", (1, 0), (2, 0)),
        ("ALIGN", (1, 0), (-1, 1), "CENTER"),
        ("ALIGN", (1, 2), (-1, -1), "RIGHT"),
        ("FONTSIZE", (0, 0), (-1, -1), 9),
        ("LINEBELOW", (1, 0), (-1, 0), 0.5, colors.black),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
    ]
    return Table(cells, colWidths=[3.6 * inch, 1.45 * inch, 1.45 * inch], style=TableStyle(style + bold))


class Story:
    """Collects the flowables of the report."""

    def __init__(self) -> None:
        base = getSampleStyleSheet()
        self.body = ParagraphStyle("body", parent=base["BodyText"], fontSize=10, leading=14, spaceAfter=8)
        self.title = ParagraphStyle("title", parent=base["Title"], fontSize=20, spaceAfter=10)
        self.heading = ParagraphStyle("heading", parent=base["Heading2"], fontSize=13, spaceBefore=10)
        self.caption = ParagraphStyle("caption", parent=base["Heading3"], alignment=TA_CENTER, spaceAfter=0)
        self.note = ParagraphStyle("note", parent=base["BodyText"], fontSize=9, alignment=TA_CENTER, spaceAfter=6)
        self.flowables: list[Flowable] = []

    def add(self, style: ParagraphStyle, *texts: str) -> None:
        self.flowables += [Paragraph(text, style) for text in texts]

    def statement(self, caption: str, note: str, table: Table) -> None:
        self.add(self.caption, caption)
        self.add(self.note, note)
        self.flowables += [table, Spacer(1, 12)]

    def page(self) -> None:
        self.flowables.append(PageBreak())


def cover(story: Story) -> None:
    story.add(story.title, "Halden Instruments, Inc.")
    story.add(story.heading, "Quarterly Report for the quarter ended September 30, 2025")
    sales = total(*SEGMENTS.values())
    story.add(
        story.body,
        "Halden Instruments, Inc. designs laboratory analysers, services them at customer sites, and sells the "
        "software that runs them. This report covers the third quarter of 2025.",
        f"Total net sales were ${sales[0]:,.1f} million in the third quarter of 2025, compared with ${sales[1]:,.1f} "
        "million in the third quarter of 2024. Software was the fastest growing segment.",
        "The company employed 4,310 people at the end of the quarter, 140 more than a year earlier. Its headquarters "
        "are in Halden, Norway; its two plants are in Gothenburg, Sweden and Durham, North Carolina.",
        "On August 14, 2025 the Durham plant stopped for nine days after a cooling failure. The stop delayed shipments "
        "of about $11 million from the third quarter into the fourth quarter of 2025.",
    )
    story.add(story.heading, "Chief executive's remarks")
    story.add(
        story.body,
        "Ingrid Solberg, chief executive since March 2023, said that the quarter showed demand for analysers returning "
        "while service contracts reached a renewal rate of 93%.",
        "She repeated that the company will not acquire another business before its long-term debt is below "
        "$400 million.",
    )


def discussion(story: Story) -> None:
    story.add(story.heading, "Management's discussion")
    story.add(
        story.body,
        "Laboratory sales grew because hospitals replaced analysers that were bought before 2017. The HX-40 analyser, "
        "introduced in February 2025, made up 22% of Laboratory sales.",
        "Field Service sales grew because 1,150 new contracts were signed. The average response time fell from 31 "
        "hours to 19 hours after spare parts were moved to six regional depots.",
        "Software sales grew with subscriptions to Halden Cloud, which 2,640 laboratories used at the end of the "
        "quarter, up from 1,820 a year earlier.",
        "Inventories fell because the company used up components it had stored during the shortage of 2023.",
        "The company repaid $75.0 million of long-term debt in the first nine months of 2025.",
    )
    story.add(story.heading, "Risks")
    story.add(
        story.body,
        "One supplier, Kestrel Optics of Jena, Germany, makes all detectors of the HX-40. A second supplier is being "
        "qualified and is expected to deliver from the second quarter of 2026.",
        "A patent claim by Orrin Diagnostics against the HX-40's sample loader is pending in the District of Delaware. "
        "The company believes that the claim has no merit and has made no provision for it.",
        "About 41% of sales are in euros; a fall of the euro of 10% would lower annual operating income by about "
        "$24 million.",
    )
    story.add(story.heading, "Outlook")
    story.add(
        story.body,
        "For the full year 2025 the company expects total net sales between $2,650 million and $2,700 million and "
        "capital expenditures of about $95 million.",
    )


def write_report(path: Path) -> None:
    """Write the quarterly report: cover, income statement, balance sheet, discussion; four pages."""
    story = Story()
    cover(story)
    story.page()
    story.statement(
        "CONDENSED CONSOLIDATED STATEMENTS OF INCOME (Unaudited)",
        "(In millions, except per share amounts)",
        statement(income_rows(), QUARTERS, "Three Months Ended"),
    )
    story.page()
    story.statement(
        "CONDENSED CONSOLIDATED BALANCE SHEETS (Unaudited)",
        "(In millions)",
        statement(balance_rows(), ("September 30, 2025", "December 31, 2024"), "As of"),
    )
    story.page()
    discussion(story)
    document = SimpleDocTemplate(
        str(path),
        pagesize=LETTER,
        title="Halden Instruments Quarterly Report, Q3 2025",
        author="Symposium",
        invariant=1,
    )
    document.build(story.flowables)


MEMO_TEXT = """# Memo: Field Service after the Durham stop

To: Ingrid Solberg, chief executive
From: Tomasz Wrona, head of Field Service
Date: October 9, 2025

## What happened

The Durham plant stopped for nine days from August 14, 2025. Field Service lent 36 technicians to the plant, and 412
planned visits were moved to September.

## What it cost

Overtime and travel cost $2.4 million in the third quarter of 2025. No contract was lost. Three customers, all in
Ontario, asked for credits; together they come to $180,000.

## What I propose

1. Keep a second stock of HX-40 detectors in Gothenburg, enough for 60 days. It would tie up $5.2 million.
2. Train 20 technicians in Durham on the cooling plant before March 2026.
3. Drop the plan to close the Lyon depot: in August it answered 38% of all urgent calls in Europe.

## What I am not sure of

Whether the second detector supplier will really deliver from the second quarter of 2026. Kestrel Optics has hinted
that the licence for the coating runs until 2027.
"""


def write_samples(folder: Path) -> None:
    """Write every sample into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_report(folder / REPORT)
    write_workbook(folder / WORKBOOK)
    write_press_release(folder / PRESS_RELEASE)
    (folder / MEMO).write_text(MEMO_TEXT, encoding="utf-8")


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES)
