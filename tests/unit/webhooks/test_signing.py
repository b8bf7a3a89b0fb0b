"""Signatures, against the published vectors."""

import base64

import pytest

from app.errors import Invalid, Unauthorized
from app.webhooks.signing import make_secret, read_key, sign, sign_github, sign_headers, verify, verify_github

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": MESSAGE, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}


def test_the_published_vector_is_signed_and_verified() -> None:
    assert sign(SECRET, MESSAGE, AT, BODY) == SIGNATURE
    assert verify(SECRET, HEADERS, BODY, at=AT) == (MESSAGE, AT)
    assert verify(SECRET.removeprefix("whsec_"), HEADERS, BODY, at=AT) == (MESSAGE, AT)


def test_one_right_signature_among_several_is_enough() -> None:
    other = sign(make_secret(), MESSAGE, AT, BODY)
    headers = {**HEADERS, "webhook-signature": f"v1a,AAAA {other} v2,xx {SIGNATURE}"}
    assert verify(SECRET, headers, BODY, at=AT)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook-signature": SIGNATURE.removeprefix("v1,")},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,ünsinn"},
        {"webhook-id": ""},
        {"webhook-id": "msg_other"},
        {"webhook-id": "ü"},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": str(AT + 1)},
        {"webhook-timestamp": f"{AT}.0"},
        {"webhook-timestamp": "٣٤٥"},
    ],
)
def test_headers_that_were_altered_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(Unauthorized):
        verify(SECRET, HEADERS | change, BODY, at=AT)


def test_an_altered_body_is_refused() -> None:
    with pytest.raises(Unauthorized):
        verify(SECRET, HEADERS, BODY + b" ", at=AT)


@pytest.mark.parametrize("drift", [-301, 301])
def test_a_message_of_another_time_is_refused(drift: int) -> None:
    verify(SECRET, HEADERS, BODY, at=AT + drift - (1 if drift > 0 else -1))
    with pytest.raises(Unauthorized, match="last 5 minutes"):
        verify(SECRET, HEADERS, BODY, at=AT + drift)


def test_while_secrets_change_both_verify() -> None:
    old, new = make_secret(), make_secret()
    headers = sign_headers([new, old], "msg_1", AT, b"{}")
    assert verify(old, headers, b"{}", at=AT) == verify(new, headers, b"{}", at=AT)


def test_new_secrets_differ_and_have_32_bytes() -> None:
    first, second = make_secret(), make_secret()
    assert first != second
    assert len(read_key(first)) == 32


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%", base64.b64encode(b"short").decode(), "a" * 400])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(Invalid):
        read_key(secret)


def test_the_vector_of_githubs_documentation_is_verified() -> None:
    secret, body = "It's a Secret to Everybody", b"Hello, World!"
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sign_github(secret, body) == signature
    verify_github(secret, {"x-hub-signature-256": signature}, body)
    for bad in ("", signature[:-1] + "8", signature.removeprefix("sha256=")):
        with pytest.raises(Unauthorized):
            verify_github(secret, {"x-hub-signature-256": bad}, body)
