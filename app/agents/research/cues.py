"""Turns of phrase that tell what kind of answer a question wants."""

import re


def _any(*patterns: str, start: str = r"\b", end: str = r"\b") -> re.Pattern[str]:
    return re.compile(rf"{start}(?:{'|'.join(patterns)}){end}", re.IGNORECASE)


REPORTS = r"(?:quarters|periods?|filings|reports|years|10-qs|10-ks|quarterly reports|annual reports|quarters?)"

ABOUT = r"what (?:is|are) [^?]+ about(?=\W*$)|what do(?:es)? [^?]+ say(?=\W*$)"

FIGURE = _any(
    "how (?:much|many)",
    "what (?:was|were|is|are|percentage|percent|share|amount|effective)",
    "(?:amount|number|total|figure|value) of",
    "in (?:usd )?(?:millions|billions|thousands|percent)",
)
AMOUNTS = _any(
    r"scale|levels?|amounts?|extent|magnitude|significant|substantial|notable|fluctuat\w+|movements?|performance"
)
"""What asks for figures without asking for one."""
CAUSES = _any(r"why|drivers?|drove|driven|factors?|reasons?|impact\w*|affect\w*|effects?|influenc\w+|behind|caus\w+")
OPEN = _any(
    *"why explain describe discuss outline strategy strategic who whom legal nature purpose agenda".split(),
    *"industry focus list relationship drove driven policy policies factors? drivers? risks? reasons?".split(),
    "implications?|impacts?",
    ABOUT,
    r"summari[sz]e|correlat\w+|analy[sz]e|affect\w*|details?|name the",
)
CHANGE = _any(
    r"chang\w+|evolv\w+|fluctuat\w+|compar\w+|differ\w*|increas\w+|decreas\w+|grow\w*|declin\w+|drop\w*|shift\w*",
    r"improv\w+|trends?|patterns?|vary|varied|grew|rise|rose|fell|versus|vs\.?|than|higher|lower|more|less",
    "over time|year[- ]over[- ]year|stack up",
)
SPREAD = _any(
    r"over time|across|throughout|period to period|quarter to quarter|trends?|evolv\w+",
    rf"(?:these|the reported|reported|previous|prior|recent|past|between the|each|reporting|all) (?:\w+ )?{REPORTS}",
    "quarters|10-qs|10-ks|reporting (?:period|timeframe)|quarterly reports|annual reports|filings|reported periods",
)
LATEST = _any(
    r"(?:latest|most recent|newest|last) (?:\w+ ){0,2}(?:10-[qk]|quarter|quarterly|report|filing|year|period)"
)
EARLIER = _any("previous|prior|earlier|past")
YES_OR_NO = re.compile(r"^\W*(?:has|have|had|did|does|do|is|are|was|were|can|could|will|would|should)\b", re.IGNORECASE)
COLLECTION = _any(
    "what (?:can|could|should) (?:i|we) ask",
    "what(?:'s| is) in (?:this|the|that) (?:collection|corpus|library|data ?set)",
    "(?:this|the) (?:collection|corpus|library) (?:is )?(?:about|contain|hold|have|cover)",
    "(?:which|what|list the|list all|list all the) documents",
)
WHOLE = _any(
    "summari[sz]e|summary|overview|gist|takeaways?|tell me about",
    "(?:main|key) (?:points?|messages?|findings?|statements?)",
    ABOUT,
)
"""What asks for a document as a whole, where nothing in it is named."""
INSTRUCTION = _any(
    r"please|give (?:a|your)|answer (?:in|the)|round|base (?:your|the)|assume|provide|calculate (?:what|\()|state",
    "we (?:need|want) to|use only|respond|return|if .* (?:not|isn).* (?:metric|useful|relevant)",
    start="^",
)
PREAMBLE = re.compile(
    r"^(?:by|using|in agreement with|based (?:only )?on|according to|answer the following)\b[^,:]*"
    r"(?:information|shown|statement|sheet|only|following|question)[^,:]*[,:]\s*",
    re.IGNORECASE,
)
REWORDED = re.compile(r"\b(?:Here's|Here is) the question:")
PARENTHESIS = re.compile(r"\([^)]*\)")
FILING = re.compile(r"\b(?:10|8|20)-?[KQF]s?\b", re.IGNORECASE)
OUTLAY = _any(r"(?:invest(?:ed|ing)?|spen[dt]|spending) (?:in|on)")
MONTHS = _any(*"january february march april may june july august september october november december".split())
JOINT = re.compile(
    r"(?<=\?)\s+(?:if so,?\s+)?|,? and (?=(?:what|how|who|which|where|when|why)\b)",
    re.IGNORECASE,
)
_NAME = r"(?<![\w-])[A-Z0-9]*[a-z]?[A-Z][\w&-]*(?:['’]s)?"
NAME_PHRASE = re.compile(rf"{_NAME}(?: {_NAME})*")
ACRONYM = re.compile(r"[A-Z&]{2,6}s?")
AMONG = re.compile(r",\s+(?:and\s+)?|\s+(?:and|as well as)\s+", re.IGNORECASE)
ANAPHORA = _any("this|these|those|they|them|the same|such")
INSTANT = _any(
    "year[- ]end", "(?:at|as of) (?:the )?(?:year )?end", "end of", "as of", "balance sheet", "financial position"
)
LEANING = re.compile(
    r"^\W*(?:and|but|also|or|then)\b|^\W*(?:what|how) about\b"
    r"|\b(?:its|it|they|theirs?|them|that|those|he|she|his|her|the same|the latter|the former)\b",
    re.IGNORECASE,
)
"""A question that leans on the one before it."""
_AWAY, _LATER = "previous|prior|last|preceding|next|following", "before|earlier|ago|after|later"
YEAR_BACK = _any(f"(?:{_AWAY}) (?:fiscal )?year", f"years? (?:{_LATER})")
QUARTER_BACK = _any(f"(?:{_AWAY}) quarter", f"quarters? (?:{_LATER})")
NEXT = _any("next", "following", "after", "later")
