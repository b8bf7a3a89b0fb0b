"""A debate as Markdown and as a page to print."""

import html

from app.agents.debate.panel import CRITERIA, total
from app.agents.debate.schemas import DebateOutput, Speech
from app.knowledge.claims.types import CheckedClaim, Evidence

NAMES = {"pro": "Pro", "con": "Con", "tie": "Tie"}
MARKS = {
    "supported": "✓",
    "partly": "◐",
    "refuted": "✗",
    "not_enough_evidence": "?",
    "not_checked": "–",
}
STYLE = """body{font:16px/1.5 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#222}
h1,h2,h3{font-family:system-ui,sans-serif;line-height:1.2}h3{margin-top:2rem}.pro{border-left:4px solid #2563a8}
.con{border-left:4px solid #a84025}.pro,.con{padding-left:1rem;break-inside:avoid}.rejected{opacity:.55}
table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ccc;text-align:left}
.claims{font:14px/1.4 system-ui,sans-serif;color:#444}.status{font-weight:normal;color:#666}
u{text-underline-offset:3px;text-decoration:underline 1.5px #999 dashed}
u.supported{text-decoration:underline 1.5px #2a7d46}
u.refuted{text-decoration:underline 1.5px #b3261e wavy}
@media print{body{margin:0;max-width:none}}"""


def render_markdown(debate: DebateOutput) -> str:
    """Return the transcript as Markdown: verdict first, then every speech with its claims, rejected drafts last."""
    standing = [speech for speech in debate.speeches if speech.status != "rejected"]
    rejected = [speech for speech in debate.speeches if speech.status == "rejected"]
    parts = [f"# {debate.topic}", _verdict_markdown(debate), *debate.notes, *map(_speech_markdown, standing)]
    if rejected:
        parts += ["## Rejected drafts", "Shown to no later speaker and to no judge.", *map(_speech_markdown, rejected)]
    return "\n\n".join(parts) + "\n"


def render_html(debate: DebateOutput) -> str:
    """Return the transcript as one printable page without scripts or outside resources; every text is escaped."""
    standing = [_speech_html(speech) for speech in debate.speeches if speech.status != "rejected"]
    rejected = [_speech_html(speech) for speech in debate.speeches if speech.status == "rejected"]
    appendix = ["<h2>Rejected drafts</h2>", "<p>Shown to no later speaker and to no judge.</p>", *rejected]
    title = html.escape(debate.topic)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">',
            f"<title>{title}</title>\n<style>{STYLE}</style></head>\n<body>\n<h1>{title}</h1>",
            _verdict_html(debate),
            *(f"<p>{html.escape(note)}</p>" for note in debate.notes),
            *standing,
            *(appendix if rejected else []),
            "</body>\n</html>\n",
        ]
    )


def _headline(debate: DebateOutput) -> str:
    verdict = debate.verdict
    if verdict.winner == "tie":
        return "A tie"
    how = "by disqualification of the other side" if verdict.by == "disqualification" else "by judgement of the panel"
    return f"{NAMES[verdict.winner]} wins {how}"


def _facts(debate: DebateOutput) -> str:
    verdict = debate.verdict
    facts = [f"strikes: Pro {debate.strikes.pro}, Con {debate.strikes.con}", f"engine: {debate.engine}"]
    if verdict.agreement is not None and verdict.swap_consistency is not None:
        facts.insert(0, f"agreement {verdict.agreement:.0%}, swap consistency {verdict.swap_consistency:.0%}")
    return "; ".join(facts)


def _rows(debate: DebateOutput) -> list[tuple[str, str, str]]:
    scores = debate.verdict.scores
    rows = [(name, f"{scores[name].pro:.1f}", f"{scores[name].con:.1f}") for name in CRITERIA if name in scores]
    return [*rows, ("total", f"{total(scores, 'pro'):.1f}", f"{total(scores, 'con'):.1f}")] if rows else []


def _verdict_markdown(debate: DebateOutput) -> str:
    table = [f"| {name} | {pro} | {con} |" for name, pro, con in _rows(debate)]
    head = ["| | Pro | Con |", "|---|---|---|"] if table else []
    return "\n".join(
        [f"**{_headline(debate)}.** {debate.verdict.reason}", "", *head, *table, "", f"({_facts(debate)})"]
    )


def _title(speech: Speech) -> str:
    marks = [mark for mark, shown in (("a person", speech.by == "person"), ("cut at the cap", speech.cut)) if shown]
    return ", ".join([f"{NAMES[speech.speaker]}, {speech.stage} (draft {speech.draft}, {speech.status})", *marks])


def _speech_markdown(speech: Speech) -> str:
    quotes = [f"- {line}" for line in _quote_lines(speech)]
    claims = [f"- {MARKS[claim.verdict]} {claim.text} ({_finding(claim)})" for claim in speech.claims]
    reason = [f"*{speech.reason}*"] if speech.reason else []
    return "\n\n".join(
        part for part in (f"### {_title(speech)}", speech.text, *reason, "\n".join(quotes + claims)) if part
    )


def _quote_lines(speech: Speech) -> list[str]:
    missing = [quote.text for quote in speech.quotes if not quote.verified]
    verified = f"{len(speech.quotes) - len(missing)} of {len(speech.quotes)} quotes stand in the evidence word for word"
    return [*([verified] if speech.quotes else []), *(f"not found in the evidence: “{text}”" for text in missing)]


def _finding(claim: CheckedClaim) -> str:
    places = [place for place in map(name_place, claim.evidence) if place not in claim.reason]
    where = f" [{'; '.join(dict.fromkeys(places))}]" if places else ""
    return f"{claim.verdict.replace('_', ' ')}: {claim.reason}{where}"


def name_place(item: Evidence) -> str:
    """Return where evidence stands: a page of a file, or an address of the web."""
    if item.url:
        return f"web: {item.filename}, {item.url}"
    return f"{item.filename}, pg. {item.pages[0]}" if item.pages else item.filename


def _marked(speech: Speech) -> str:
    """Return the speech as HTML, each claim underlined by its verdict; of claims that overlap the first one."""
    parts, at = [], 0
    for claim in speech.claims:
        start, end = claim.span
        if start >= at:
            parts += [html.escape(speech.text[at:start]), f'<u class="{claim.verdict}">']
            parts += [html.escape(speech.text[start:end]), "</u>"]
            at = end
    return "".join([*parts, html.escape(speech.text[at:])])


def _verdict_html(debate: DebateOutput) -> str:
    rows = "".join(f"<tr><td>{name}</td><td>{pro}</td><td>{con}</td></tr>" for name, pro, con in _rows(debate))
    table = f"<table><tr><th></th><th>Pro</th><th>Con</th></tr>{rows}</table>" if rows else ""
    reason = html.escape(debate.verdict.reason)
    return f"<p><strong>{_headline(debate)}.</strong> {reason}</p>\n{table}\n<p>({html.escape(_facts(debate))})</p>"


def _speech_html(speech: Speech) -> str:
    claims = "".join(
        f"<li>{MARKS[claim.verdict]} {html.escape(claim.text)} <em>{html.escape(_finding(claim))}</em></li>"
        for claim in speech.claims
    )
    quotes = "".join(f"<li>{html.escape(line)}</li>" for line in _quote_lines(speech))
    reason = f"<p><em>{html.escape(speech.reason)}</em></p>" if speech.reason else ""
    paragraphs = "".join(f"<p>{part}</p>" for part in _marked(speech).split("\n\n") if part.strip())
    return (
        f'<section class="{speech.speaker} {speech.status}"><h3>{html.escape(_title(speech))}</h3>\n'
        f'{paragraphs}{reason}<ul class="claims">{quotes}{claims}</ul></section>'
    )
