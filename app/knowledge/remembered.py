"""What was found in the texts read last: many parts of the program look at one sentence, two windows at one page."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

SENTENCE = 500
SENTENCES, PAGES = 8192, 512


def remember(find: Callable[[str], T]) -> Callable[[str], T]:
    """Return the function with its last answers kept, those for sentences and for longer texts apart.

    The answers are not to be changed.
    """
    in_sentence, in_page = lru_cache(SENTENCES)(find), lru_cache(PAGES)(find)
    return lambda text: in_sentence(text) if len(text) <= SENTENCE else in_page(text)
