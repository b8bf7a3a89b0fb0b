"""The files of a deployment name only what there is: settings, commands, files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices
from typer.main import get_command

from app.cli import cli
from app.serve import ANSWER_SECONDS
from app.settings import Settings

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"^#?\s*([A-Z][A-Z0-9_]+)=", re.M)
OURS_RUNNING = ("api", "worker")
OF_THE_COMPOSITION = {"POSTGRES_PASSWORD"}
OF_PYTHON = {"PATH", "PYTHONUNBUFFERED"}


def settings_names() -> set[str]:
    names = {f"SYMPOSIUM_{name.upper()}" for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        if isinstance(field.validation_alias, AliasChoices):
            names |= {str(choice) for choice in field.validation_alias.choices}
    return names


@pytest.fixture(scope="module")
def composition() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return re.sub(r"\\\n", " ", (ROOT / "docker" / "Dockerfile").read_text())


def test_every_variable_of_our_services_is_a_setting(composition: dict[str, Any]) -> None:
    ours = [service for service in composition["services"].values() if service["image"] == "symposium"]
    assert len(ours) == 3
    for service in ours:
        assert set(service["environment"]) <= settings_names()


def test_every_line_of_the_env_file_reaches_our_services(composition: dict[str, Any]) -> None:
    for name in ("migrate", "api", "worker"):
        assert composition["services"][name]["env_file"] == [{"path": ".env", "required": False}]


def test_every_variable_the_composition_reads_is_in_the_example(composition: dict[str, Any]) -> None:
    read = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    example = set(NAME.findall((ROOT / ".env.example").read_text()))
    assert read <= example
    assert example <= settings_names() | OF_THE_COMPOSITION


def test_defaults_of_the_composition_are_those_of_the_settings() -> None:
    given = re.findall(r"\$\{SYMPOSIUM_(\w+):-([^}]+)\}", (ROOT / "docker-compose.yml").read_text())
    assert given
    for name, value in given:
        assert str(Settings.model_fields[name.lower()].default) == value


def test_every_command_is_one_of_the_command_line(composition: dict[str, Any], dockerfile: str) -> None:
    commands = set(getattr(get_command(cli), "commands"))  # noqa: B009
    used = {service["command"][0] for service in composition["services"].values() if service["image"] == "symposium"}
    assert used == {"migrate", "api", "worker"}
    assert used <= commands
    checks = [composition["services"]["worker"]["healthcheck"]["test"][1:]]
    checks.append(json.loads(re.findall(r"HEALTHCHECK .*CMD (\[.*\])", dockerfile)[0]))
    for program, command, *_ in checks:
        assert program == "symposium"
        assert command in commands


def test_api_and_worker_have_time_to_stop_in_order(composition: dict[str, Any]) -> None:
    grace = {name: int(composition["services"][name]["stop_grace_period"].removesuffix("s")) for name in OURS_RUNNING}
    assert grace["worker"] > Settings.model_fields["drain_seconds"].default + 10
    assert grace["api"] > Settings.model_fields["stop_seconds"].default + ANSWER_SECONDS


def test_the_image_copies_what_there_is_and_runs_as_nobody_special(dockerfile: str) -> None:
    let_in = set(re.findall(r"^!([\w./]+)$", (ROOT / ".dockerignore").read_text(), re.M))
    for parts in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M):
        for source in parts.split()[:-1]:
            assert (ROOT / source).exists()
            assert source in let_in
    user = re.findall(r"^USER (\d+)", dockerfile, re.M)
    assert user
    assert user[-1] != "0"
    variables = {
        pair.partition("=")[0] for line in re.findall(r"^ENV (.+)$", dockerfile, re.M) for pair in line.split()
    }
    assert variables <= settings_names() | OF_PYTHON


def test_only_addresses_of_this_machine_are_published(composition: dict[str, Any]) -> None:
    for service in composition["services"].values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_the_kubernetes_example_names_what_there_is() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.S)
    parts = list(yaml.safe_load_all(block))
    assert [part["kind"] for part in parts] == ["Secret", "Job", "Deployment", "Service", "Deployment", "ScaledObject"]
    assert set(parts[0]["stringData"]) <= settings_names()
    pods = [part["spec"]["template"]["spec"] for part in parts if "template" in part.get("spec", {})]
    containers = [container for pod in pods for container in pod["containers"]]
    assert [container["args"] for container in containers] == [["migrate"], ["api"], ["worker"]]
    assert {variable["name"] for container in containers for variable in container.get("env", [])} <= settings_names()
    assert "symposium_queue_age_seconds" in parts[-1]["spec"]["triggers"][0]["metadata"]["query"]
