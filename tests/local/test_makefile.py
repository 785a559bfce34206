"""What make would run: pytest's cores are named as ``-n auto`` or not at all, whatever shell reads the Makefile."""
from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELLS = [found for name in ("sh", "bash", "dash") if (found := shutil.which(name))]
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")


def pytest_lines(folder: Path, shell: str, target: str, *, has_xdist: bool) -> list[list[str]]:
    """The words of each line with pytest that ``make -n`` shows, with an environment that has xdist or not."""
    python = folder / "bin" / "python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(f"#!/bin/sh\nexit {0 if has_xdist else 1}\n", encoding="utf-8")
    python.chmod(0o755)
    (folder / ".ready").touch()
    shown = subprocess.run(["make", "-n", target, f"VENV={folder}", f"SHELL={shell}", "ARGS=--co"], cwd=ROOT, text=True,
                           capture_output=True, check=True).stdout
    return [shlex.split(line) for line in shown.splitlines() if "-m pytest" in line]


@needs_make
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("target", ["test", "test-all"])
def test_cores_are_an_option_or_not_there(tmp_path: Path, shell: str, target: str) -> None:
    for has_xdist in (True, False):
        quick, *long = pytest_lines(tmp_path, shell, target, has_xdist=has_xdist)
        assert quick[1:] == ["-m", "pytest", "-m", "not long", *(["-n", "auto"] if has_xdist else []), "--co"]
        cores = ["-n", "auto", "--dist", "loadgroup"] if has_xdist else []
        assert [line[1:] for line in long] == ([["-m", "pytest", "-m", "long", *cores, "--co"]] if target == "test-all" else [])


def test_no_word_that_a_shell_may_take_for_an_option_of_echo() -> None:
    """``echo -n`` prints or swallows its option, by the shell; printf does as it is told."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"echo\s+['\"]?-.*", makefile) == [] and "printf -- '-n auto'" in makefile
