"""A real API process and a worker."""

from collections.abc import Iterator

import pytest

from app.settings import Settings
from tests.support.processes import running_api, running_worker


@pytest.fixture(scope="module")
def server(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sdk")
    with running_api(settings, folder) as address, running_worker(settings, folder):
        yield address
