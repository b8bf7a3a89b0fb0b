"""Signatures of messages: Standard Webhooks 1.0 (symmetric, `v1`), and GitHub's `X-Hub-Signature-256`."""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256

from app.errors import Invalid, Unauthorized

PREFIX = "whsec_"
KEY_BYTES = 32
SMALLEST_KEY, LARGEST_KEY = 24, 64
TOLERANCE_SECONDS = 300
TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
MAX_ID = 255


def make_secret() -> str:
    """Return a new secret in the form `whsec_…`."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def read_key(secret: str) -> bytes:
    """Return the key bytes of a secret, with or without its prefix. Raises Invalid unless there are 24 to 64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise Invalid("A secret is written whsec_ and base64.") from None
    if not SMALLEST_KEY <= len(key) <= LARGEST_KEY:
        raise Invalid(f"A secret has {SMALLEST_KEY} to {LARGEST_KEY} bytes.")
    return key


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return one signature, `v1,…`."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(read_key(secret), signed, sha256)).decode()


def sign_headers(valid: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers, with a signature for each of the secrets that are valid now."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in valid),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, *, at: float) -> tuple[str, int]:
    """Return a message's id and its time in Unix seconds. Raises Unauthorized: unsigned, altered, or not of now."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and timestamp and given):
        raise Unauthorized("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    if not TIMESTAMP.fullmatch(timestamp) or len(message_id) > MAX_ID or not message_id.isascii():
        raise Unauthorized("The headers of the signature make no sense.")
    wanted = sign(secret, message_id, int(timestamp), body)
    if not any(hmac.compare_digest(each.encode(), wanted.encode()) for each in given.split()):
        raise Unauthorized("The signature does not belong to this message.")
    if abs(at - int(timestamp)) > TOLERANCE_SECONDS:
        raise Unauthorized(f"The message is not of the last {TOLERANCE_SECONDS // 60} minutes.")
    return message_id, int(timestamp)


def sign_github(secret: str, body: bytes) -> str:
    """Return GitHub's signature of a body, `sha256=…`."""
    return "sha256=" + hmac.digest(secret.encode(), body, sha256).hex()


def verify_github(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raise Unauthorized unless GitHub signed this body with the secret."""
    given = headers.get("x-hub-signature-256", "")
    if not given:
        raise Unauthorized("The header X-Hub-Signature-256 is needed.")
    if not hmac.compare_digest(given.encode(), sign_github(secret, body).encode()):
        raise Unauthorized("The signature does not belong to this message.")
