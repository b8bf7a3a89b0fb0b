import pytest

from app.knowledge.remembered import PAGES, SENTENCE, remember


class Measure:
    """Tells how long a text is, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> int:
        self.asked.append(text)
        return len(text)


@pytest.mark.parametrize("length", [SENTENCE, SENTENCE + 1])
def test_a_text_that_comes_again_is_not_searched_again(length: int) -> None:
    measure = Measure()
    find = remember(measure)
    assert [find("a" * length), find("a" * length), find("b" * length)] == [length] * 3
    assert measure.asked == ["a" * length, "b" * length]


def test_pages_that_were_read_long_ago_are_forgotten() -> None:
    measure = Measure()
    find = remember(measure)
    pages = [f"{number} {'word ' * SENTENCE}" for number in range(PAGES + 1)]
    for page in [*pages, pages[0]]:
        find(page)
    assert measure.asked == [*pages, pages[0]]
