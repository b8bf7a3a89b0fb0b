"""Prove the Dockerfile without Docker: do each of its steps under a folder, then run what the image would run.

    python docker/prove.py [folder]

A stage's files live under `folder/stage`; paths of the image (`/opt/symposium`) are rewritten to stand there. What only
an image can do (apt-get, USER) is named and left out. Then `migrate`, `key create`, `api` and `worker` run on a
database of their own, and the health checks of Dockerfile and composition are asked until they are satisfied.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = "/opt/symposium"
SECONDS = 120
EMBEDDED = (
    "import sys, time, pathlib; from app.embedded import open_embedded\n"
    "with open_embedded(pathlib.Path(sys.argv[1])) as a:\n"
    "    print(a.database_url, a.redis_url, flush=True)\n"
    "    time.sleep(100000)\n"
)


@dataclass(frozen=True, kw_only=True)
class Step:
    """One instruction, its continuation lines joined."""

    name: str
    rest: str


@dataclass(kw_only=True)
class Image:
    """What the steps have made so far; `folder` stands for `/opt/symposium`."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    user: str = ""

    def here(self, text: str) -> str:
        """Return a text with the image's paths as they are here."""
        return text.replace(HOME, str(self.folder))

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command as in the image, and fail with it."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | more, check=True, text=True, stdout=subprocess.PIPE
        )


def read_steps(text: str) -> list[Step]:
    """Return the instructions of a Dockerfile."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    return [Step(name=line.split(" ", 1)[0], rest=line.split(" ", 1)[1].strip()) for line in lines if line.strip()]


def do(step: Step, image: Image) -> None:
    """Do one step here, or say why not."""
    say(f"{step.name} {step.rest}")
    if step.name == "COPY" and not step.rest.startswith("--from"):
        copy(shlex.split(step.rest), image)
    elif step.name == "RUN" and "apt-get" in step.rest:
        say("  left out: packages of the image's system")
    elif step.name == "RUN":
        image.run("sh", "-ec", image.here(step.rest))
    elif step.name == "ENV":
        for pair in shlex.split(step.rest):
            name, _, value = pair.partition("=")
            image.environment[name] = image.here(value)
    elif step.name == "USER":
        image.user = step.rest
        say("  left out: changing the user")
    elif step.name == "HEALTHCHECK":
        image.health = json.loads(step.rest.partition("CMD ")[2])
    elif step.name == "ENTRYPOINT":
        image.entrypoint = json.loads(step.rest)


def copy(parts: list[str], image: Image) -> None:
    """Copy files and folders of the repository."""
    *sources, target = parts
    for source in sources:
        goal = image.folder / target / (source if target in (".", "./") else "")
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, goal, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, goal)


def build(folder: Path) -> Image:
    """Do all steps of the Dockerfile under a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYMPOSIUM_", "PYTHON"))}
    image = Image(folder=folder, environment=kept)
    folder.mkdir(parents=True)
    for step in read_steps((ROOT / "docker" / "Dockerfile").read_text()):
        do(step, image)
    assert image.user.split(":")[0] not in ("", "0", "root"), "the image must not run as root"
    return image


@contextlib.contextmanager
def running(image: Image, *command: str, **more: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a command beside us and end it."""
    process = subprocess.Popen(
        command, cwd=image.folder, env=image.environment | more, text=True, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def serve(image: Image, data: Path) -> None:
    """Run the three commands and ask the health checks."""
    port, metrics = str(free_port()), str(free_port())
    with running(image, "python", "-c", EMBEDDED, str(data)) as servers:
        assert servers.stdout is not None
        database, redis = servers.stdout.readline().split()
        settings = {"DATABASE_URL": database, "REDIS_URL": redis, "SYMPOSIUM_PORT": port}
        settings |= {"SYMPOSIUM_DATA_DIR": str(data / "own"), "SYMPOSIUM_HOST": "127.0.0.1"}
        image.run(*image.entrypoint, "migrate", **settings)
        key = image.run(*image.entrypoint, "key", "create", "--project", "default", "--scope", "admin", **settings)
        assert key.stdout.startswith("sym_")
        worker = settings | {"SYMPOSIUM_WORKER_METRICS_PORT": metrics}
        with (
            running(image, *image.entrypoint, "api", **settings),
            running(image, *image.entrypoint, "worker", **worker),
        ):
            await_health(image, [part.replace(":8000/", f":{port}/") for part in image.health])
            await_health(image, ["symposium", "probe", f"http://127.0.0.1:{metrics}/metrics"])


def await_health(image: Image, command: list[str]) -> None:
    """Ask a health check until it is satisfied."""
    deadline = time.monotonic() + SECONDS
    while subprocess.run(command, env=image.environment, check=False, stderr=subprocess.DEVNULL).returncode != 0:
        assert time.monotonic() < deadline, f"never healthy: {command}"
        time.sleep(1)
    say(f"healthy: {' '.join(command)}")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> None:
    """Build and serve; exit code 0 when everything worked."""
    with tempfile.TemporaryDirectory(prefix="symposium-image-", ignore_cleanup_errors=True) as name:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(name) / "image"
        serve(build(folder), Path(name) / "data")
    say("The image's steps and its three commands work.")


if __name__ == "__main__":
    main()
