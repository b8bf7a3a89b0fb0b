"""`symposium backup` and `restore`: everything is in the file, and comes back."""

from pathlib import Path

import psycopg

from app.settings import Settings
from tests.acceptance.test_keys import symposium
from tests.support.services import Services


def count_projects(url: str | None) -> int:
    with psycopg.connect(str(url)) as connection:
        row = connection.execute("select count(*) from projects").fetchone()
    assert row is not None
    return int(row[0])


def test_what_was_backed_up_comes_back_in_another_database(
    settings: Settings, services: Services, tmp_path: Path
) -> None:
    file, other = tmp_path / "all.dump", services.fresh_database()
    made = symposium(settings, "key", "create", "--project", "harbour", "--scope", "read")
    assert made.returncode == 0, made.stderr
    done = symposium(settings, "backup", str(file))
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["all.dump"]
    restored = symposium(settings, "restore", str(file), SYMPOSIUM_DATABASE_URL=other)
    assert restored.returncode == 0, restored.stderr
    assert count_projects(other) == count_projects(settings.database_url) == 2
    again = symposium(settings, "restore", str(file), SYMPOSIUM_DATABASE_URL=other)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "--overwrite" in again.stderr
    assert symposium(settings, "restore", str(file), "--overwrite", SYMPOSIUM_DATABASE_URL=other).returncode == 0
    assert count_projects(other) == 2


def test_a_file_that_is_no_backup_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    file, before = tmp_path / "odd.dump", count_projects(settings.database_url)
    file.write_text("not a backup")
    refused = symposium(settings, "restore", str(file), "--overwrite")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert count_projects(settings.database_url) == before
