"""Agents are found by their folder."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import tests.support.agents
from app.agents.registry import BadAgent, discover

BuildPackage = Callable[[dict[str, str]], ModuleType]
STEPS = "from tests.support.agents.steps import AGENT as STEPS\nfrom dataclasses import replace\n"


@pytest.fixture
def build_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuildPackage:
    """Return a function that writes a package of sub-packages and imports it."""
    monkeypatch.syspath_prepend(tmp_path)

    def build(sources: dict[str, str]) -> ModuleType:
        name = f"agents_{tmp_path.name}".replace("-", "_")
        for folder, source in {"": "", **sources}.items():
            (tmp_path / name / folder).mkdir(parents=True)
            (tmp_path / name / folder / "__init__.py").write_text(source)
        package = __import__(name)
        monkeypatch.delitem(sys.modules, name)
        return package

    return build


def test_every_folder_with_an_agent_is_found() -> None:
    assert set(discover(tests.support.agents)) == {"asking", "steps"}


def test_folder_without_an_agent_stops_the_start(build_package: BuildPackage) -> None:
    package = build_package({"empty": ""})
    with pytest.raises(BadAgent, match=r"empty: its __init__ must have an AGENT"):
        discover(package)


def test_example_that_does_not_fit_stops_the_start(build_package: BuildPackage) -> None:
    package = build_package({"odd": STEPS + "AGENT = replace(STEPS, example={'steps': 'many'})"})
    with pytest.raises(BadAgent, match="its example does not fit its input"):
        discover(package)


def test_two_agents_of_one_name_stop_the_start(build_package: BuildPackage) -> None:
    package = build_package({"one": STEPS + "AGENT = STEPS", "two": STEPS + "AGENT = STEPS"})
    with pytest.raises(BadAgent, match="two agents named 'steps'"):
        discover(package)


def test_two_agents_at_one_path_stop_the_start(build_package: BuildPackage) -> None:
    package = build_package({"one": STEPS + "AGENT = STEPS", "two": STEPS + "AGENT = replace(STEPS, name='other')"})
    with pytest.raises(BadAgent, match="two agents at /v1/steps"):
        discover(package)
