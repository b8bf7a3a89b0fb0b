"""The samples that come with the product are those the tests' program writes."""

from pathlib import Path

from app.convert.registry import find_family
from tests.support.samples import PRESS_RELEASE, REPORT, SAMPLES, WORKBOOK, write_samples


def text_of(name: str) -> str:
    content = (SAMPLES / name).read_bytes()
    return "\n".join(page.markdown for page in find_family(content, name).read(content, max_pages=20).pages)


def test_samples_are_as_written(tmp_path: Path) -> None:
    write_samples(tmp_path)
    assert sorted(path.name for path in SAMPLES.iterdir()) == sorted(path.name for path in tmp_path.iterdir())
    changed = [
        path.name
        for path in tmp_path.iterdir()
        if path.suffix != ".pdf" and path.read_bytes() != (SAMPLES / path.name).read_bytes()
    ]
    assert changed == []


def test_workbook_agrees_with_the_report_and_the_press_release_differs_in_two_places() -> None:
    report, workbook, release = text_of(REPORT), text_of(WORKBOOK), text_of(PRESS_RELEASE)
    cash = "Cash and cash equivalents"
    assert f"| {cash} | 356.4 | 298.0 |" in workbook
    assert f"| {cash} | $356.4 | $298.0 |" in report
    assert f"{cash} were $362.9 million" in release
    assert "stopped for nine days" in report
    assert "stopped for six days" in release
