"""The code that docs/webhooks.md shows does what it says."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from app.errors import Unauthorized
from app.webhooks.signing import make_secret, sign_headers, verify

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
AT = 1_763_712_000
BODY = '{"type":"run.succeeded","data":{"name":"Zoë"}}'.encode()

Check = Callable[[str, dict[str, str], bytes, int], bool]


def find_code(language: str, word: str) -> str:
    """Return the block in a language that has a word."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return next(block for block in blocks if word in block)


def check_in_python(secret: str, headers: dict[str, str], body: bytes, at: int) -> bool:
    shown: dict[str, Callable[..., str]] = {}
    exec(find_code("python", "def verify"), shown)
    try:
        return shown["verify"](secret, headers, body, at) == headers["webhook-id"]
    except ValueError:
        return False


def check_in_javascript(secret: str, headers: dict[str, str], body: bytes, at: int) -> bool:
    if shutil.which("node") is None:
        pytest.skip("there is no node on this machine")
    given = ", ".join(json.dumps(each) for each in (secret, headers, body.decode(), at))
    script = f"{find_code('js', 'function verify')}\nverify({given});"
    return (
        subprocess.run(["node", "--input-type=module", "-e", script], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.parametrize("check", [check_in_python, check_in_javascript])
def test_the_receivers_shown_take_what_is_signed_and_refuse_the_rest(check: Check) -> None:
    old, new = make_secret(), make_secret()
    headers = sign_headers([new, old], "msg_1", AT, BODY)
    assert check(old, headers, BODY, AT)
    assert check(new, headers, BODY, AT + 299)
    assert not check(new, headers, BODY, AT + 301)
    assert not check(new, headers, BODY + b" ", AT)
    assert not check(make_secret(), headers, BODY, AT)


def test_the_sender_shown_signs_what_it_sends() -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on this machine")
    secret = make_secret()
    script = 'curl() { printf "%s\\0" "$@"; }\n' + find_code("bash", "openssl dgst")
    environment = {"PATH": "/usr/bin:/bin", "SECRET": secret, "SYMPOSIUM": "http://host", "SOURCE_PATH": "/v1/hooks/1"}
    done = subprocess.run(["bash", "-euc", script], capture_output=True, check=True, env=environment)
    arguments = done.stdout.decode().split("\0")
    lines = [arguments[place + 1] for place, word in enumerate(arguments) if word == "-H"]
    headers = dict(line.split(": ", 1) for line in lines)
    body = arguments[arguments.index("--data-binary") + 1].encode()
    assert len(json.loads(body)) == 2
    verify(secret, headers, body, at=float(headers["webhook-timestamp"]))
    with pytest.raises(Unauthorized):
        verify(make_secret(), headers, body, at=float(headers["webhook-timestamp"]))
