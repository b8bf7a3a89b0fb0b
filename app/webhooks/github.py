"""GitHub's push events: the readable files that a push to the default branch added or changed."""

from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from app.convert.registry import FAMILIES

READABLE = tuple({extension for family in FAMILIES for extension in family.extensions} - {"", ".log"})


class Commit(BaseModel):
    """The paths a commit changed."""

    added: list[str] = Field(default_factory=list)
    modified: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)


class Repository(BaseModel):
    """Where it happened."""

    full_name: str
    html_url: str
    default_branch: str = ""


class Push(BaseModel):
    """The part of a push event that is used."""

    ref: str
    after: str
    deleted: bool = False
    repository: Repository
    commits: list[Commit] = Field(default_factory=list)


class PushedFile(BaseModel):
    """A file to be read: where it is as of this push, and what it is known by over all pushes."""

    url: str
    filename: str
    origin: str
    metadata: dict[str, str]


def list_pushed_files(push: Push) -> list[PushedFile]:
    """Return the readable files a push left added or changed, none for another branch than the default one."""
    repository = push.repository
    if push.deleted or (repository.default_branch and push.ref != f"refs/heads/{repository.default_branch}"):
        return []
    return [_pushed(push, path) for path in _changed_paths(push) if path.lower().endswith(READABLE)]


def _changed_paths(push: Push) -> list[str]:
    present: dict[str, Any] = {}
    for commit in push.commits:
        present |= dict.fromkeys([*commit.added, *commit.modified])
        for path in commit.removed:
            present.pop(path, None)
    return list(present)


def _pushed(push: Push, path: str) -> PushedFile:
    base = push.repository.html_url.rstrip("/")
    return PushedFile(
        url=f"{base}/raw/{quote(push.after, safe='')}/{quote(path)}",
        filename=path.rpartition("/")[2],
        origin=f"{base}/{path}",
        metadata={"repository": push.repository.full_name, "path": path},
    )
