"""Processes that are ours: started so that they end with us, stopped in order, found again after a crash."""

import contextlib
import ctypes
import gc
import os
import pwd
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

STOP_SECONDS = 60.0
SET_DEATH_SIGNAL = 1


def spawn(
    command: Sequence[str],
    *,
    end_signal: signal.Signals,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    account: pwd.struct_passwd | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches only us and we stop things in order.

    On Linux it gets `end_signal` when we are killed. What it prints goes to `log`, else where ours goes.
    """
    with log.open("ab") if log else contextlib.nullcontext() as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd="/" if account else None,
            start_new_session=True,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_end_with_parent(end_signal),  # noqa: PLW1509
        )


def _end_with_parent(end_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what makes Linux send the signal when we are killed; it would also come when a starting thread ends."""
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(SET_DEATH_SIGNAL, int(end_signal))


def freeze_heap() -> None:
    """Keep what is there by now out of the garbage collector's rounds: a full one over it stops all for 0.2 s."""
    gc.collect()
    gc.freeze()


def step_back(niceness: int) -> None:
    """Let processes of a lower niceness go first on this machine; those started from here are as nice."""
    os.setpriority(os.PRIO_PROCESS, 0, max(niceness, os.getpriority(os.PRIO_PROCESS, 0)))


def stop_process(
    process: subprocess.Popen[bytes],
    end_signal: signal.Signals = signal.SIGTERM,
    *,
    last_resort: signal.Signals = signal.SIGKILL,
    seconds: float = STOP_SECONDS,
) -> None:
    """Ask a process to end, wait so many seconds, then use the last resort."""
    process.send_signal(end_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(last_resort)
        process.wait(STOP_SECONDS)


def end_processes(processes: Sequence[psutil.Process], end_signal: signal.Signals) -> None:
    """Ask the topmost of them to end, wait for all, and kill what is left."""
    known = {process.pid for process in processes}
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.ppid() not in known:
                process.send_signal(end_signal)
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)
