"""`symposium key` as a person uses it, and that nothing is served to others without a key."""

import subprocess
import sys

from app.settings import Settings
from tests.support.processes import ROOT, environment
from tests.support.services import Services


def symposium(settings: Settings, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=environment(settings) | changes,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_public_address_is_refused_until_there_is_a_key(settings: Settings) -> None:
    refused = symposium(settings, "api", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert "symposium key create" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_key_is_made_listed_and_revoked(settings: Settings) -> None:
    made = symposium(settings, "key", "create", "--project", "harbour", "--scope", "read", "--scope", "write")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert key.startswith("sym_")
    listed = symposium(settings, "key", "list", COLUMNS="200")
    assert key[:16] in listed.stdout
    assert key not in listed.stdout
    assert "harbour" in listed.stdout
    assert symposium(settings, "key", "revoke", key[:16]).returncode == 0
    unknown = symposium(settings, "key", "revoke", "sym_000000000000")
    assert (unknown.returncode, unknown.stderr) == (1, "There is no key that begins like this.\n")


def test_a_project_needs_a_plain_name(settings: Settings) -> None:
    refused = symposium(settings, "key", "create", "--project", "No Such Name!", "--scope", "read")
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1


def test_a_database_without_tables_is_said_in_one_sentence(settings: Settings, services: Services) -> None:
    refused = symposium(settings, "key", "list", SYMPOSIUM_DATABASE_URL=services.postgres.url("postgres"))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "symposium migrate" in refused.stderr
