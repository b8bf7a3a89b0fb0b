"""The web console's files, at every path that is not the API's."""

from pathlib import Path

from starlette.routing import Match, Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parents[1] / "console"
API_PATHS = ("/v1/", "/health/", "/metrics", "/mcp")


class Console(Mount):
    """Static files at `/` that leave the API's paths alone, so a wrong method there is told as one."""

    def __init__(self) -> None:
        super().__init__("/", StaticFiles(directory=FOLDER, html=True), name="console")

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and scope["path"].startswith(API_PATHS):
            return Match.NONE, {}
        return super().matches(scope)
