"""A research output as Markdown and as a page to print."""

from html import escape

from markdown_it import MarkdownIt

from app.agents.research.schemas import Contradiction, ResearchOutput

STYLE = (
    "body{font:16px/1.5 Georgia,serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{border:1px solid #999;padding:.2rem .5rem;text-align:left}"
    "h1,h2{font-family:sans-serif}@media print{body{margin:0}}"
)


def render_markdown(output: ResearchOutput) -> str:
    """Return the answer with its contradictions, sources and gaps as Markdown."""
    heading = "" if output.answer.startswith("# ") else f"# {output.question}\n\n"
    parts = [
        f"{heading}{output.answer}",
        _contradictions(output.contradictions),
        _listed("Sources", [f"{s.filename}, pg. {', '.join(map(str, s.pages))}" for s in output.sources]),
        _listed("Not answered", output.unanswered),
        _listed("Not supported and left out", [f"{n.text} ({n.reason})" for n in output.not_supported]),
        _listed("Further questions", output.follow_ups),
        f"_Engine: {output.engine}_",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_html(output: ResearchOutput) -> str:
    """Return the same as one HTML page; text is escaped, no markup of sources is kept."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(render_markdown(output))
    title = escape(output.question)
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en">{head}{body}</html>\n'


def _listed(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) if lines else ""


def _contradictions(found: list[Contradiction]) -> str:
    rows = [
        f"| {_cell(f'{c.entity} {c.measure}')} | {_cell(c.period)} | {_cell(s.shown)} | {_cell(s.filename)},"
        f" pg. {', '.join(map(str, s.pages))} |"
        for c in found
        for s in c.sides
    ]
    head = "## Contradictions, newest first\n\n| What | Period | Says | Where |\n|---|---|---|---|\n"
    return head + "\n".join(rows) if rows else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
