"""`symposium up`: servers where none are given, migrations, API and worker, all stopped in order."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from app.embedded import PostgresServer, RedisServer, lock_folder
from app.errors import CannotStart
from app.log import configure_logging
from app.migrate import migrate
from app.preflight import check_database, check_exposure, check_port, check_redis, keys_exist, plainly, read_settings
from app.processes import end_processes, spawn, stop_process
from app.settings import Settings
from symposium import Body, Client, ServiceError

SAMPLES = Path(__file__).parent / "samples"
API_MODULE, WORKER_MODULE = "app.serve", "app.worker"
READY_SECONDS = 90.0
SAMPLE_SECONDS = 120.0
PUT_BACK_SECONDS = 10.0
WATCH_SECONDS = 0.2


class Stopped(BaseException):
    """A person or a supervisor asked us to stop."""


@dataclass(kw_only=True)
class Service:
    """The two processes of ours, and where they are found."""

    settings: Settings
    url: str
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, module: str) -> None:
        """Start one with these settings."""
        environment = os.environ | settings_as_environment(self.settings)
        self.processes[name] = spawn([sys.executable, "-m", module], end_signal=signal.SIGTERM, environment=environment)

    def check(self) -> None:
        """Raise CannotStart when one of them has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise CannotStart(f"The {name} ended by itself (exit code {process.returncode}); stopping the rest.")

    def stop(self) -> None:
        """Let the worker bring its runs to their next step, then end the API."""
        if worker := self.processes.get("worker"):
            stop_process(worker, seconds=self.settings.drain_seconds + PUT_BACK_SECONDS)
        if api := self.processes.get("API"):
            stop_process(api, seconds=self.settings.stop_seconds + PUT_BACK_SECONDS)


def settings_as_environment(settings: Settings) -> dict[str, str]:
    """Return what children must see as we see it; their log keeps to warnings unless a level was asked for."""
    seen = {name: getattr(settings, name) for name in ("data_dir", "host", "port", "database_url", "redis_url")}
    seen["log_level"] = settings.log_level if "log_level" in settings.model_fields_set else "WARNING"
    return {f"SYMPOSIUM_{name.upper()}": str(value) for name, value in seen.items()}


@contextlib.contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise Stopped at the first SIGINT, SIGTERM or SIGHUP; later ones do not disturb the stopping."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    with contextlib.suppress(Stopped):
        yield


@contextlib.contextmanager
def open_servers(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with both addresses filled in; what is not given is started in the data folder."""
    with contextlib.ExitStack() as stack:
        database_url, redis_url = settings.database_url, settings.redis_url
        if database_url is None:
            postgres = PostgresServer(settings.data_dir)
            stack.callback(postgres.stop)
            postgres.start()
            database_url = postgres.url()
        if redis_url is None:
            queue = RedisServer(settings.data_dir)
            stack.callback(queue.stop)
            queue.start()
            redis_url = queue.url()
        check_database(database_url)
        check_redis(redis_url)
        yield settings.model_copy(update={"database_url": database_url, "redis_url": redis_url})


@contextlib.contextmanager
def open_service(settings: Settings) -> Iterator[Service]:
    """Yield API and worker once the API answers."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    shown = f"[{host}]" if ":" in host else host
    service = Service(settings=settings, url=f"http://{shown}:{settings.port}")
    try:
        service.start("API", API_MODULE)
        service.start("worker", WORKER_MODULE)
        wait_until_ready(service)
        yield service
    finally:
        say("Stopping: the worker finishes its steps, then everything is put away …")
        service.stop()


def wait_until_ready(service: Service) -> None:
    """Wait for the API's own word that it is. Raises CannotStart."""
    deadline = time.monotonic() + READY_SECONDS
    with Client(service.url, timeout=5) as client:
        while time.monotonic() < deadline:
            service.check()
            with contextlib.suppress(ServiceError):
                client.request("GET", "/health/ready")
                return
            time.sleep(WATCH_SECONDS)
    raise CannotStart(f"The API did not get ready within {READY_SECONDS:.0f} seconds.")


def read_samples(service: Service) -> None:
    """On an empty database, ingest what comes with us, so that there is something to ask."""
    with Client(service.url) as client:
        if client.request("GET", "/v1/documents", params={"limit": 1})["data"]:
            return
        files = sorted(SAMPLES.iterdir())
        say(f"The database is empty: reading the sample documents ({', '.join(file.name for file in files)}) …")
        uploads = [client.upload(file) for file in files]
        waiting = [str(upload["run"]["id"]) for upload in uploads if upload["run"]]
        for run in wait_for_runs(service, client, waiting):
            say(f"Reading a sample ended as {run['status']}; see {service.url}/v1/runs/{run['id']}")


def greet(service: Service) -> None:
    """Read the samples; without them the service is just as good."""
    try:
        read_samples(service)
    except ServiceError as error:
        say(f"The sample documents could not be read: {error}")


def wait_for_runs(service: Service, client: Client, waiting: list[str]) -> list[Body]:
    """Wait for runs to end, within bounds; return those that did not succeed."""
    deadline = time.monotonic() + SAMPLE_SECONDS
    unhappy = []
    while waiting and time.monotonic() < deadline:
        service.check()
        run = client.get_run(waiting[0])
        if run["status"] in ("succeeded", "failed", "cancelled"):
            waiting.pop(0)
            unhappy += [run] if run["status"] != "succeeded" else []
        else:
            time.sleep(WATCH_SECONDS)
    return unhappy


def say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def banner(service: Service, *, keyless: bool) -> str:
    """Return where everything is and what to try."""
    settings = service.settings
    engine = settings.model if settings.uses_model_server else "offline (set OPENAI_API_KEY or OPENAI_BASE_URL)"
    command = command_name()
    server = "" if service.url == "http://127.0.0.1:8000" else f" --server {service.url}"
    return f"""
Symposium is ready.
  Console       {service.url}/
  API explorer  {service.url}/docs
  Command line  {command} ingest PATH…{server}
                {command} ask "What was the revenue of Halden Instruments in the third quarter of 2025?"{server}
                {command} search "field service"{server}
  Engine        {engine}
  Access        {"this machine only, without a key" if keyless else "with an API key"}
  Data folder   {settings.data_dir}
Ctrl-C stops everything and loses nothing.
"""


def command_name() -> str:
    """Return how this person can call us."""
    if shutil.which("symposium"):
        return "symposium"
    script = Path(sys.executable).with_name("symposium")
    return str(script.relative_to(Path.cwd())) if script.is_relative_to(Path.cwd()) else str(script)


def end_leftovers(folder: Path) -> None:
    """End API and worker that a killed run left behind on this folder; their runs go on in the new ones."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if {API_MODULE, WORKER_MODULE} & set(process.info["cmdline"] or ()):
            with contextlib.suppress(psutil.Error):
                if process.environ().get("SYMPOSIUM_DATA_DIR") == str(folder):
                    found.append(process)
    end_processes(found, signal.SIGKILL)


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises CannotStart with the reason when something is missing or ends by itself."""
    with lock_folder(settings.data_dir) as folder:
        end_leftovers(folder)
        port = check_port(settings.host, settings.port)
        with open_servers(settings.model_copy(update={"data_dir": folder, "port": port})) as complete:
            migrate(str(complete.database_url))
            check_exposure(complete.host, str(complete.database_url))
            with open_service(complete) as service:
                keyless = not keys_exist(str(complete.database_url))
                if keyless:
                    greet(service)
                say(banner(service, keyless=keyless))
                while True:
                    service.check()
                    time.sleep(WATCH_SECONDS)


def main() -> None:
    """Run with the settings of the environment; exit code 0 when stopped, 1 with a sentence otherwise."""
    with plainly(), stop_on_signals():
        settings = read_settings()
        configure_logging(settings.log_format, settings.log_level)
        run(settings)


if __name__ == "__main__":
    main()
