"""`symposium config`: the server and key that the other commands use when none is given."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.commands.terminal import Exit, err, out

FILE_VARIABLE = "SYMPOSIUM_CONFIG"
OWNER_ONLY = 0o600
config = typer.Typer(help="Keep the server and key that the other commands use.", no_args_is_help=True)


class Name(StrEnum):
    """What can be kept."""

    SERVER = "server"
    KEY = "key"


def register(cli: typer.Typer) -> None:
    """Add the commands."""
    cli.add_typer(config, name="config")


def config_file() -> Path:
    """Return where it is kept."""
    return Path(os.environ.get(FILE_VARIABLE) or Path(typer.get_app_dir("symposium")) / "config.json")


def read_config() -> dict[str, str]:
    """Return what is kept; nothing when the file is not there. Ends the command when it makes no sense."""
    path = config_file()
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {str(Name(name)): str(value) for name, value in kept.items()}
    except (ValueError, AttributeError):
        err.print(f"[red]{path} does not make sense; remove it, or mend it.[/]")
        raise SystemExit(Exit.FAILED) from None


def write_config(values: dict[str, str]) -> None:
    """Keep these values, readable by their owner alone."""
    path = config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(OWNER_ONLY)
    path.chmod(OWNER_ONLY)
    path.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


@config.command("set")
def set_one(name: Name, value: Annotated[str, typer.Argument(help="The address of the service, or the key.")]) -> None:
    """Keep a server or a key."""
    write_config({**read_config(), name: value})


@config.command("unset")
def unset_one(name: Name) -> None:
    """Forget a server or a key."""
    write_config({kept: value for kept, value in read_config().items() if kept != name})


@config.command("show")
def show() -> None:
    """Show what is kept and where; of a key only how it begins."""
    kept = read_config()
    out.print(f"[dim]{config_file()}[/]")
    for name in Name:
        value = kept.get(name)
        shown = value if name is Name.SERVER or value is None else f"{value[:12]}…"
        out.print(f"{name}: {shown or '[dim]not set[/]'}")
