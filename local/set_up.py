"""Makes the environment that everything runs in: ``python3 local/set_up.py [FOLDER]`` (default ``.venv``); with
``--chromium``, has the browser instead that the dashboard's page is tested in.

What it needs stands in pyproject.toml alone. What is there and fits stays. With a package index it makes a plain
environment; without one, on Debian and its kin, it takes the distribution's packages. A step that fails ends it with its
reason and the way round. Two set-ups at once: the second waits for the first.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
READY = ".ready"
PIP_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input", "--retries", "0", "--timeout", "15")
MODULES = {"pytest-xdist": "xdist"}              # what is imported, where it is not what the index calls it
DEBIAN_NAMES: dict[str, str] = {}                # Debian's package, where it is not python3-NAME
DEBIAN_PYTHON = "/usr/bin/python3"
AXE_CORE = Path(__file__).resolve().parents[1] / ".cache" / "axe-core"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LOCK_WORDS = "Could not get lock"
LOCK_WAIT_SECONDS, LOCK_STEP_SECONDS = 600, 5
REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+?)\s*(?:>=\s*([0-9.]+))?$")
CHECK = """
import importlib, importlib.metadata, sys
def number(text):
    return [int(part) for part in text.split(".") if part.isdigit()]
if sys.version_info[:2] < tuple(map(int, sys.argv[1].split("."))):
    sys.exit(f"Python {sys.version.split()[0]} is older than {sys.argv[1]}")
missing = []
for asked in sys.argv[2:]:
    name, module, floor = asked.split("|")
    try:
        importlib.import_module(module)
        found = importlib.metadata.version(name)
    except ImportError:
        missing.append(name)
        continue
    if number(found) < number(floor):
        missing.append(f"{name}>={floor}")
print(" ".join(missing))
"""


class SetUpFailed(Exception):
    """The one line that is shown: what failed, why, and the way round."""


def requirements() -> list[tuple[str, str]]:
    """Name and least version of everything in pyproject.toml: what a run needs, then every extra."""
    import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [*project["dependencies"], *(item for extra in project["optional-dependencies"].values() for item in extra)]
    found = {}
    for item in listed:
        match = REQUIREMENT.match(item)
        if match is None:
            raise SetUpFailed(f"pyproject.toml: {item!r} is not NAME>=VERSION")
        found[match[1]] = match[2] or "0"
    return list(found.items())


def tell(text: str) -> None:
    """One line of what happens."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def python_of(folder: Path) -> Path:
    """The interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def lacking(python: str | Path, needed: Sequence[tuple[str, str]]) -> list[str] | None:
    """What an interpreter lacks, None where it cannot be used at all."""
    asked = [f"{name}|{MODULES.get(name, name)}|{floor}" for name, floor in needed]
    oldest = ".".join(map(str, OLDEST))
    try:
        answer = subprocess.run([str(python), "-c", CHECK, oldest, *asked], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return answer.stdout.split() if answer.returncode == 0 else None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else sets up the same folder meanwhile.

    Raises
    ------
    SetUpFailed
        The place cannot be written.
    """
    lock = folder.with_name(f"{folder.name}.lock")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = open(lock, "w", encoding="utf-8")
    except OSError as error:
        raise SetUpFailed(f"{folder.parent} cannot be written ({error.strerror}): name a folder that can, for the "
                          "environment, make VENV=FOLDER …, or copy this one") from error
    with handle:
        _wait_for(handle)
        yield


def _wait_for(handle: object) -> None:
    """Take the lock; where the system has none of this kind, two set-ups are on their own."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell("another set-up of this folder is at work: waiting for it")
        fcntl.flock(handle, fcntl.LOCK_EX)


def set_up(folder: Path) -> str:
    """Have an environment in ``folder`` that lacks nothing; what was done, in a few words.

    Raises
    ------
    SetUpFailed
        In one line.
    """
    needed = requirements()
    with alone(folder):
        if lacking(python_of(folder), needed) == []:
            done = f"{folder.name} has everything"
        else:
            _remove(folder)
            why = _from_index(folder, needed)
            done = "packages from the index" if why is None else _from_distribution(folder, needed, why)
            left = lacking(python_of(folder), needed)
            if left != []:
                raise SetUpFailed(f"{folder} still lacks {' '.join(left or ['a Python that runs'])}")
        (folder / READY).touch()
    return done


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir():
        shutil.rmtree(folder)


def _from_index(folder: Path, needed: Sequence[tuple[str, str]]) -> str | None:
    """A plain environment with packages from an index; why not, where it cannot be."""
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], capture_output=True, text=True, check=False)
    if made.returncode:
        _remove(folder)
        return f"{sys.executable} cannot make an environment with pip"
    wanted = [f"{name}>={floor}" for name, floor in needed]
    installed = subprocess.run([str(python_of(folder)), "-m", "pip", "install", *PIP_OPTIONS, *wanted],
                               capture_output=True, text=True, check=False)
    if installed.returncode == 0:
        return None
    errors = [line for line in installed.stderr.splitlines() if line.startswith("ERROR")]
    _remove(folder)
    return f"no package index answers ({errors[-1] if errors else 'pip failed'})"


# --- the distribution's packages -----------------------------------------------------------------------------------


def _from_distribution(folder: Path, needed: Sequence[tuple[str, str]], why: str) -> str:
    """An environment on top of the distribution's Python and packages."""
    tell(f"{why}; looking for the distribution's packages")
    missing = lacking(DEBIAN_PYTHON, needed)
    by_hand = "python -m pip install " + " ".join(f"'{name}>={floor}'" for name, floor in needed)
    if missing is None:
        raise SetUpFailed(f"{why}, and {DEBIAN_PYTHON} is not Python {'.'.join(map(str, OLDEST))} or later: where an index "
                          f"can be reached, {by_hand}")
    if missing:
        _install([DEBIAN_NAMES.get(name, f"python3-{name}") for name in (item.split(">=")[0] for item in missing)],
                 why, f"where an index can be reached, {by_hand}")
    made = subprocess.run([DEBIAN_PYTHON, "-m", "venv", "--without-pip", "--system-site-packages", str(folder)],
                          capture_output=True, text=True, check=False)
    if made.returncode:
        raise SetUpFailed(f"{DEBIAN_PYTHON} -m venv failed: {_last_line(made)}")
    return "the distribution's packages"


def _install(packages: Sequence[str], why: str, by_hand: str) -> None:
    """Install Debian packages.

    Raises
    ------
    SetUpFailed
        No apt, no right to use it, or it failed.
    """
    if shutil.which("apt-get") is None:
        raise SetUpFailed(f"{why}, and there is no apt-get: {by_hand}")
    root = [] if not hasattr(os, "geteuid") or os.geteuid() == 0 else ["sudo"]
    line = f"apt-get install {' '.join(packages)}"
    if root and shutil.which("sudo") is None:
        raise SetUpFailed(f"{why}; {' '.join(packages)} are missing and this user may not install them (no sudo): ask "
                          f"root for {line}, or {by_hand}")
    tell(f"installing {' '.join(packages)}")
    _apt([*root, "apt-get", "update", "-qq"], line)
    _apt([*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends",
          *packages], line)


def _apt(command: Sequence[str], line: str) -> None:
    """One step of apt's; while another process holds its lock, it waits.

    Raises
    ------
    SetUpFailed
        With apt's own reason.
    """
    until, told = time.monotonic() + LOCK_WAIT_SECONDS, False
    while True:
        answer = subprocess.run(command, stdin=None, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                check=False)
        if answer.returncode == 0:
            return
        locked = LOCK_WORDS in answer.stderr
        if not locked or time.monotonic() > until:
            wait = "when the other process is done, make setup again" if locked else f"mend it, then {line} and make setup"
            raise SetUpFailed(f"{' '.join(command)} failed: {_last_line(answer)}; {wait}")
        if not told:
            tell("another process holds apt's lock: waiting for it")
            told = True
        time.sleep(LOCK_STEP_SECONDS)


def _last_line(answer: subprocess.CompletedProcess[str]) -> str:
    """The line that says why: the first of the errors, else the last of all."""
    lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "sudo:", "Error"))]
    return (errors or lines[-1:] or [f"exit code {answer.returncode}"])[0]


def chromium() -> str | None:
    """Where Chromium is: as the variable ``CHROMIUM`` says, else the first on the path; None where there is none."""
    return os.environ.get("CHROMIUM") or next((found for name in BROWSERS if (found := shutil.which(name))), None)


def have_chromium() -> int:
    """Install Debian's where there is none; where that cannot be, one line says so, and the tests in it are skipped."""
    if chromium() is None:
        try:
            _install(["chromium"], "there is no Chromium", "put one on the path, or name it in CHROMIUM")
        except SetUpFailed as error:
            tell(f"{error}. The tests in a browser are skipped")
    return 0


def axe_core() -> Path | None:
    """The script that finds what keeps people out of a page: as ``AXE_CORE`` names it, else npm's as it was fetched."""
    named = os.environ.get("AXE_CORE")
    place = Path(named) if named else AXE_CORE / "node_modules" / "axe-core" / "axe.min.js"
    return place if place.is_file() else None


def have_axe_core() -> int:
    """Fetch npm's where there is none; where that cannot be, one line says so, and the tests with it are skipped."""
    npm = shutil.which("npm")
    if axe_core() is None and npm is None:
        tell("no npm to fetch axe-core with, and AXE_CORE does not name it. The tests with it are skipped")
    elif axe_core() is None:
        command = [str(npm), "install", "--no-save", "--prefix", str(AXE_CORE), "axe-core@4"]
        answer = subprocess.run(command, text=True, capture_output=True, check=False)
        if answer.returncode != 0:
            tell(f"{' '.join(command)} failed: {_last_line(answer)}. The tests with axe-core are skipped")
    return 0


def main(arguments: Sequence[str]) -> int:
    """Set up and say so; 1 with one line where it cannot be done."""
    if list(arguments) == ["--chromium"]:
        return have_chromium() + have_axe_core()
    if sys.version_info[:2] < OLDEST:
        tell(f"Python {sys.version.split()[0]} will not do: {'.'.join(map(str, OLDEST))} or later is needed")
        return 1
    folder = Path(arguments[0] if arguments else ".venv").absolute()
    try:
        tell(set_up(folder))
    except SetUpFailed as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        tell("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
