"""Fixed phrases in the language of the question."""

import re

NOTHING = {
    "en": "Not in this collection.",
    "de": "Nicht in dieser Sammlung.",
    "fr": "Pas dans cette collection.",
    "es": "No está en esta colección.",
    "it": "Non è in questa raccolta.",
    "pt": "Não está nesta coleção.",
    "nl": "Niet in deze verzameling.",
}
COMMON = {
    "en": "the of what how and is was were did does in which who",
    "de": "der die das wie was war hoch ist und im von wer welche hat",
    "fr": "le la les quel quelle est et de des du était combien qui",
    "es": "el la los cuál cuánto cómo qué es fue de y quién en",
    "it": "il lo gli quale quanto come che è era di e chi nel",
    "pt": "o os qual quanto como que é foi de e quem no da",
    "nl": "de het hoe wat was is en van wie welke hoeveel in",
}
"""Common words of questions by language."""


def say_nothing_found(question: str) -> str:
    """Return that the collection does not have it, in the language most words of the question belong to."""
    words = set(re.findall(r"\w+", question.lower()))
    shared = {language: len(words & set(common.split())) for language, common in COMMON.items()}
    return NOTHING[max(shared, key=lambda language: shared[language])]
