"""`symposium backup` and `restore`: the whole database in one file, by pg_dump and pg_restore."""

import subprocess
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console

from app.database import open_database
from app.embedded import postgres_program
from app.errors import CannotStart
from app.migrate import migrate
from app.preflight import plainly, read_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
out = Console()

ANYTHING = "select exists(select from documents) or exists(select from runs) or exists(select from api_keys)"


@cli.command()
def backup(file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")]) -> None:
    """Write everything into one file, while the service runs."""
    with plainly(), open_database(read_settings()) as url:
        if file.exists():
            raise CannotStart(f"{file} exists already.")
        unfinished = file.with_name(f"{file.name}.part")
        run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}", address(url))
        unfinished.rename(file)
        out.print(f"Everything is in {file} ({file.stat().st_size / 2**20:.1f} MB).")


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `backup` wrote.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Drop what is in the database now.")] = False,
) -> None:
    """Put everything back, in one transaction, and bring it to this version's schema. Stop the service first."""
    with plainly(), open_database(read_settings()) as url:
        if not overwrite and holds_anything(url):
            raise CannotStart("The database is not empty; give --overwrite to drop what is in it.")
        cleaning = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
        run("pg_restore", *cleaning, "--no-owner", "--no-privileges", "--no-comments", "-d", address(url), str(file))
        migrate(url)
        out.print(f"Everything of {file} is back.")


def holds_anything(url: str) -> bool:
    """Whether there is a document, a run or a key."""
    with psycopg.connect(address(url)) as connection:
        found = connection.execute(ANYTHING).fetchone()
    return bool(found and found[0])


def run(program: str, *arguments: str) -> None:
    """Run one of Postgres's programs. Raises CannotStart with its last line."""
    done = subprocess.run([postgres_program(program), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise CannotStart(said[-1] if said else f"{program} ended with exit code {done.returncode}.")


def address(url: str) -> str:
    """Return a database's address as Postgres's own programs read it."""
    return f"postgresql://{url.partition('://')[2]}"


if __name__ == "__main__":
    cli(prog_name="symposium")
