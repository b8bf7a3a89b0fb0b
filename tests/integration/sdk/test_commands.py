"""`symposium source` and `symposium webhook`, as a person uses them on a running service."""

import json
from typing import Any

import httpx2
from typer.testing import CliRunner, Result

from app.cli import cli
from app.commands.ingest import ensure_collection
from symposium import Client
from tests.support.waiting import wait_until


def symposium(server: str, *arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--server", server], env={"COLUMNS": "200"})


def read(server: str, *arguments: str) -> Any:
    said = symposium(server, *arguments, "--json")
    assert said.exit_code == 0, said.stderr
    return json.loads(said.stdout)


def test_a_source_is_let_in_listed_and_shown_the_door(server: str) -> None:
    made = symposium(server, "source", "create", "Filings feed")
    secret = made.stdout.strip()
    assert secret.startswith("whsec_")
    listed = symposium(server, "source", "list").stdout
    assert "Filings feed" in listed
    assert secret not in listed
    [found] = read(server, "source", "list")
    assert symposium(server, "source", "delete", found["id"]).exit_code == 0
    assert read(server, "source", "list") == []


def test_a_source_of_pushes_has_a_secret_as_github_takes_it(server: str) -> None:
    made = read(server, "source", "create", "Repository", "--type", "github")
    assert (made["type"], len(bytes.fromhex(made["secret"]))) == ("github", 32)


def test_a_webhook_is_made_switched_off_and_on_and_gets_a_new_secret(server: str) -> None:
    made = read(server, "webhook", "create", "https://example.com/told", "--event", "run.failed")
    assert made["events"] == ["run.failed"]
    assert "no" in symposium(server, "webhook", "disable", made["id"]).stdout
    [enabled] = read(server, "webhook", "enable", made["id"])
    assert enabled["enabled"]
    rotated = symposium(server, "webhook", "rotate", made["id"])
    assert rotated.stdout.strip() not in ("", made["secret"])
    assert symposium(server, "webhook", "delete", made["id"]).exit_code == 0
    assert read(server, "webhook", "list") == []


def test_deliveries_are_listed_and_sent_again(server: str) -> None:
    made = read(server, "webhook", "create", "https://nowhere.invalid/told")
    httpx2.post(f"{server}/v1/steps", json={"steps": 1}).raise_for_status()

    def was_tried() -> bool:
        return any(each["attempts"] for each in read(server, "webhook", "deliveries", made["id"]))

    wait_until(was_tried, seconds=30)
    [delivery] = read(server, "webhook", "deliveries", made["id"], "--status", "pending")
    [again] = read(server, "webhook", "redeliver", delivery["id"])
    assert (again["id"], again["status"]) == (delivery["id"], "pending")
    symposium(server, "webhook", "delete", made["id"])


def test_a_collection_is_made_for_what_is_ingested_unless_it_is_there(server: str) -> None:
    with Client(server) as client:
        for _ in range(2):
            ensure_collection(client, "Board papers")
        assert [each["name"] for each in client.list_all("/v1/collections")].count("Board papers") == 1


def test_an_id_of_a_batch_that_is_none_is_told_before_anything_is_sent(server: str) -> None:
    refused = symposium(server, "ingest", "--retry", "nonsense")
    assert refused.exit_code == 2
    assert "“nonsense” is no id." in refused.stderr


def test_what_the_service_refuses_is_told_in_one_sentence(server: str) -> None:
    refused = symposium(server, "webhook", "create", "http://127.0.0.1/told")
    assert refused.exit_code == 1
    assert refused.stderr.strip().count("\n") == 0
