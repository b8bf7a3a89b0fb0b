"""What of a push is read."""

from typing import Any

from app.convert.registry import FAMILIES
from app.webhooks.github import READABLE, Push, list_pushed_files


def push(*commits: dict[str, Any], ref: str = "refs/heads/main", deleted: bool = False) -> Push:
    repository = {"full_name": "a/b", "html_url": "https://github.com/a/b", "default_branch": "main"}
    return Push.model_validate(
        {"ref": ref, "after": "c0ffee", "deleted": deleted, "repository": repository, "commits": list(commits)}
    )


def test_readable_files_of_all_commits_are_taken_as_of_the_last() -> None:
    files = list_pushed_files(
        push({"added": ["docs/a b.md", "main.py", "gone.md"]}, {"modified": ["x/R.PDF"], "removed": ["gone.md"]})
    )
    assert [file.url for file in files] == [
        "https://github.com/a/b/raw/c0ffee/docs/a%20b.md",
        "https://github.com/a/b/raw/c0ffee/x/R.PDF",
    ]
    assert (files[0].filename, files[0].origin) == ("a b.md", "https://github.com/a/b/docs/a b.md")
    assert files[0].metadata == {"repository": "a/b", "path": "docs/a b.md"}


def test_other_branches_and_deleted_ones_bring_nothing() -> None:
    assert list_pushed_files(push({"added": ["a.md"]}, ref="refs/heads/draft")) == []
    assert list_pushed_files(push({"added": ["a.md"]}, deleted=True)) == []


def test_what_counts_as_readable_is_what_the_converters_read() -> None:
    known = {extension for family in FAMILIES for extension in family.extensions}
    assert set(READABLE) == known - {"", ".log"}
