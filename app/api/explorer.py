"""The API explorer at `/docs`, with scripts and styles of our own host: it works without the internet."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

PATH = "/docs"
ASSETS = f"{PATH}/assets"


def install_explorer(app: FastAPI) -> None:
    """Serve Swagger UI with the files that come in a package."""
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="explorer")

    @app.get(PATH, include_in_schema=False)
    def explore() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=f"{app.title} · API",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js".removeprefix("/"),
            swagger_css_url=f"{ASSETS}/swagger-ui.css".removeprefix("/"),
            swagger_favicon_url="icon.svg",
            swagger_ui_parameters={"tryItOutEnabled": True, "persistAuthorization": True},
        )
