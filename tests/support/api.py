"""An API process with the agents of the tests: `python -m tests.support.api PORT`."""

import sys

import tests.support.agents
from app.agents.registry import discover
from app.log import configure_logging
from app.main import create_app
from app.serve import serve
from app.settings import Settings


def main() -> None:
    settings = Settings(_env_file=None)
    configure_logging("json", settings.log_level)
    app = create_app(settings, {**discover(), **discover(tests.support.agents)})
    serve(app, settings, host="127.0.0.1", port=int(sys.argv[1]))


if __name__ == "__main__":
    main()
