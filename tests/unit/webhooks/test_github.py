"""What of a push is read."""

from typing import Any

import pytest

from app.webhooks.github import Push, list_pushed_files


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


@pytest.mark.parametrize(("path", "read"), [("a.pdf", True), ("a.html", True), ("a.log", False), ("LICENSE", False)])
def test_documents_are_taken_and_logs_and_files_without_a_kind_are_not(path: str, read: bool) -> None:
    assert bool(list_pushed_files(push({"added": [path]}))) is read
