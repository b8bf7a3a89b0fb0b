"""`symposium webhook`: who is told of events, and what was delivered."""

from enum import StrEnum
from itertools import islice
from typing import Annotated

import typer

from app.commands.terminal import DEFAULT_SERVER, AsJson, Key, Server, guarded, out, show, show_secret
from symposium import Body, Client

webhook = typer.Typer(help="Tell other systems of events by signed calls.", no_args_is_help=True)
COLUMNS = {"Webhook": "id", "Address": "url", "Events": "events", "Enabled": "enabled", "Why not": "disabled_reason"}
DELIVERY_COLUMNS = {"Delivery": "id", "Event": "type", "Status": "status", "Tries": "tries", "Next try": "next_at"}
WebhookId = Annotated[str, typer.Argument(help="As `list` shows it.")]


class DeliveryStatus(StrEnum):
    """Where a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def register(cli: typer.Typer) -> None:
    """Add the commands."""
    cli.add_typer(webhook, name="webhook")


@webhook.command("create")
@guarded
def create(
    url: Annotated[str, typer.Argument(help="The address to tell.")],
    event: Annotated[list[str] | None, typer.Option(help="e.g. run.succeeded; all events when left out.")] = None,
    description: Annotated[str, typer.Option(help="What it is for.")] = "",
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell an address of events; its secret is printed, and only this once."""
    body: Body = {"url": url, "events": event or [], "description": description}
    with Client(server, key=key) as client:
        made = client.request("POST", "/v1/webhooks", json=body)
    show_secret(made, f"{made['url']} ({made['id']}) is told of {', '.join(made['events']) or 'all events'}.", as_json)


@webhook.command("list")
@guarded
def list_all(server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """List the addresses that are told, newest first."""
    with Client(server, key=key) as client:
        found = list(client.list_all("/v1/webhooks"))
    show(found, COLUMNS, as_json=as_json)


@webhook.command("enable")
@guarded
def enable(webhook_id: WebhookId, server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Tell a disabled address of events again."""
    changed = _change(webhook_id, {"enabled": True}, server, key)
    show([changed], COLUMNS, as_json=as_json)


@webhook.command("disable")
@guarded
def disable(webhook_id: WebhookId, server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Tell an address nothing until it is enabled again."""
    changed = _change(webhook_id, {"enabled": False}, server, key)
    show([changed], COLUMNS, as_json=as_json)


@webhook.command("rotate")
@guarded
def rotate(webhook_id: WebhookId, server: Server = DEFAULT_SERVER, key: Key = None, as_json: AsJson = False) -> None:
    """Make a new secret and print it; for 24 hours the old one signs beside it."""
    changed = _change(webhook_id, {"rotate_secret": True}, server, key)
    show_secret(changed, f"{changed['url']} ({changed['id']}) has a new secret.", as_json)


@webhook.command("delete")
@guarded
def delete(webhook_id: WebhookId, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Tell an address no more; its deliveries go too."""
    with Client(server, key=key) as client:
        client.request("DELETE", f"/v1/webhooks/{webhook_id}")
    out.print("It is told no more.")


@webhook.command("deliveries")
@guarded
def list_deliveries(
    webhook_id: WebhookId,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what was sent to an address, newest first."""
    with Client(server, key=key) as client:
        found = list(islice(client.list_all(f"/v1/webhooks/{webhook_id}/deliveries", status=status), limit))
    show(found, DELIVERY_COLUMNS, as_json=as_json)


@webhook.command("redeliver")
@guarded
def redeliver(
    delivery_id: Annotated[str, typer.Argument(help="As `deliveries` shows it.")],
    server: Server = DEFAULT_SERVER,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send an event again, under the same id."""
    with Client(server, key=key) as client:
        sent = client.request("POST", f"/v1/webhooks/deliveries/{delivery_id}/redeliver")
    show([sent], DELIVERY_COLUMNS, as_json=as_json)


def _change(webhook_id: str, change: Body, server: str, key: str | None) -> Body:
    with Client(server, key=key) as client:
        return client.request("PATCH", f"/v1/webhooks/{webhook_id}", json=change)
