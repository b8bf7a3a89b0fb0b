"""`symposium`: the server's processes, and what a person does with a running one."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.commands import ask, config, debate, demo, ingest, search, source, webhook

cli = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Documents distilled into a pyramid of knowledge; agents that cite file and page.",
)


PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def become(module: str, *arguments: str, **settings: object) -> None:
    """Turn this process into another of ours; a client command need not wait for what servers import."""
    given = {f"SYMPOSIUM_{name.upper()}": str(value) for name, value in settings.items() if value is not None}
    os.execve(sys.executable, [sys.executable, "-m", module, *arguments], os.environ | given)


@cli.command()
def up(
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept (SYMPOSIUM_DATA_DIR).")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (SYMPOSIUM_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (SYMPOSIUM_PORT).")] = None,
) -> None:
    """Start everything: Postgres and Redis unless their addresses are set, the API, a worker."""
    become("app.up", data_dir=data_dir, host=host, port=port)


@cli.command()
def api(
    host: Annotated[str | None, typer.Option(help="Address to listen on (SYMPOSIUM_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (SYMPOSIUM_PORT).")] = None,
) -> None:
    """Serve the HTTP API; needs DATABASE_URL and REDIS_URL."""
    become("app.serve", host=host, port=port)


@cli.command()
def worker() -> None:
    """Work on runs until told to stop; needs DATABASE_URL and REDIS_URL."""
    become("app.worker")


@cli.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to the newest schema."""
    become("app.migrate")


@cli.command()
def reembed() -> None:
    """Embed everything anew with the embedding model of the settings; the service may go on meanwhile."""
    become("app.reembed")


@cli.command()
def reindex(
    drop: Annotated[bool, typer.Option("--drop", help="Only drop them, before very many documents come.")] = False,
) -> None:
    """Build the vector indexes anew with the settings' m and width, beside a running service."""
    become("app.reindex", *(["--drop"] if drop else []))


@cli.command(context_settings=PASSED_ON)
def backup(context: typer.Context) -> None:
    """Write the whole database into one file."""
    become("app.backup", "backup", *context.args)


@cli.command(context_settings=PASSED_ON)
def restore(context: typer.Context) -> None:
    """Put back what `backup` wrote; stop the service first."""
    become("app.backup", "restore", *context.args)


@cli.command()
def probe(url: Annotated[str, typer.Argument(help="e.g. http://127.0.0.1:8000/health/ready")]) -> None:
    """Ask an address and exit with 0 when it answers well, for health checks."""
    become("app.probe", url)


@cli.command()
def recall() -> None:
    """Compare sampled live searches by the vector indexes with exact ones."""
    become("app.recall")


@cli.command(context_settings=PASSED_ON)
def key(context: typer.Context) -> None:
    """Create, list and revoke API keys, in the database itself."""
    become("app.keys", *context.args)


CLIENT_COMMANDS = {"ingest": ingest, "ask": ask, "search": search, "debate": debate, "demo": demo}
CLIENT_GROUPS = {"source": source.source, "webhook": webhook.webhook}
for command in (*CLIENT_COMMANDS.values(), source, webhook, config):
    command.register(cli)


def main() -> None:
    """Run the command line; what `symposium config` keeps stands in for options that are not given."""
    kept = config.read_config()
    of_groups = {name: {each.name: kept for each in group.registered_commands} for name, group in CLIENT_GROUPS.items()}
    cli(default_map=dict.fromkeys(CLIENT_COMMANDS, kept) | of_groups)


if __name__ == "__main__":
    main()
