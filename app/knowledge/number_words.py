"""Counts that are written as words."""

import re

SMALL = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
VALUES = {word: value for value, word in enumerate(SMALL, start=2)} | {
    word: value for value, word in zip(range(20, 100, 10), TENS, strict=True)
}
SPAN = r"(?![\s-]+(?:months?|weeks?|quarters?)\b)"
WORDS = re.compile(rf"\b(?:(?P<ten>{'|'.join(TENS)})-(?P<unit>one|{'|'.join(SMALL[:8])})|{'|'.join(VALUES)})\b{SPAN}")


def write_digits(text: str) -> str:
    """Return a text with its counts as digits ("nine days" → "9 days").

    "one" stays, as it is rarely a count, and so do spans of a calendar ("the first nine months"), which say when.
    """
    return WORDS.sub(lambda match: str(_value(match)), text)


def _value(match: re.Match[str]) -> int:
    if match["ten"]:
        return VALUES[match["ten"]] + VALUES.get(match["unit"], 1)
    return VALUES[match.group()]
