"""LEAN is found, configured and given this interpreter; nothing is taken from the launcher's own settings."""
from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from local import lean_launcher
from local.lean_launcher import Lean, LeanJob, LeanMissing


def executable(path: Path, text: str = "#!/bin/sh\nexit 0\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH of our own, no variables."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in (lean_launcher.LAUNCHER_VARIABLE, lean_launcher.DATA_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return folder


def job(tmp_path: Path, **overrides: object) -> LeanJob:
    for name in ("out", "scratch"):
        (tmp_path / name).mkdir(exist_ok=True)
    values = dict(project=tmp_path / "project", algorithm_class="Probe", data=tmp_path / "data", out=tmp_path / "out",
                  scratch=tmp_path / "scratch", parameters={"cash": "35000"})
    return LeanJob(**(values | overrides))


def test_what_is_missing_is_named(clean: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(LeanMissing, match="set TOMKING_LEAN"):
        lean_launcher.find_lean()
    executable(clean / "lean")
    with pytest.raises(LeanMissing, match="Docker"):
        lean_launcher.find_lean()
    monkeypatch.setenv("TOMKING_LEAN", str(tmp_path / "Launcher.dll"))
    with pytest.raises(LeanMissing, match="which is not there"):
        lean_launcher.find_lean()
    (tmp_path / "Launcher.dll").touch()
    with pytest.raises(LeanMissing, match="dotnet"):
        lean_launcher.find_lean()


def test_the_launcher_wins_over_the_command(clean: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("lean", "docker", "dotnet"):
        executable(clean / name)
    assert lean_launcher.find_lean() == Lean(command=(str(clean / "lean"),))
    (tmp_path / "Launcher.dll").touch()
    monkeypatch.setenv("TOMKING_LEAN", str(tmp_path / "Launcher.dll"))
    found = lean_launcher.find_lean()
    assert found.command == (str(clean / "dotnet"), str(tmp_path / "Launcher.dll"))
    assert found.launcher == tmp_path / "Launcher.dll"


def test_static_data_by_variable_or_upward(clean: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    launcher = tmp_path / "lean" / "Launcher" / "bin" / "Launcher.dll"
    launcher.parent.mkdir(parents=True)
    launcher.touch()
    assert lean_launcher.find_static_data(launcher) is None
    (tmp_path / "lean" / "Data" / "market-hours").mkdir(parents=True)
    assert lean_launcher.find_static_data(launcher) == tmp_path / "lean" / "Data"
    monkeypatch.setenv("TOMKING_LEAN_DATA", str(tmp_path / "none"))
    with pytest.raises(LeanMissing, match="market-hours"):
        lean_launcher.find_static_data(launcher)
    (tmp_path / "named" / "market-hours").mkdir(parents=True)
    monkeypatch.setenv("TOMKING_LEAN_DATA", str(tmp_path / "named"))
    assert lean_launcher.find_static_data(launcher) == tmp_path / "named"


def test_configuration_of_a_backtest(tmp_path: Path) -> None:
    launcher = tmp_path / "lean" / "Launcher.dll"
    found = lean_launcher.launcher_configuration(job(tmp_path), launcher)
    assert found["algorithm-location"] == str(tmp_path / "project" / "main.py")
    assert found["data-folder"] == f"{tmp_path / 'data'}/"
    assert found["object-store-root"] == str(tmp_path / "out" / "storage")
    assert found["results-destination-folder"] == str(tmp_path / "out")
    assert found["parameters"] == {"cash": "35000"} and found["close-automatically"] is True
    assert found["composer-dll-directory"] == str(tmp_path / "lean")
    assert found["environments"]["backtesting"]["live-mode"] is False


def test_the_process_gets_this_interpreter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = tmp_path / "libpython3.11.so"
    monkeypatch.setattr(lean_launcher, "find_libpython", lambda: library)
    found = lean_launcher.launcher_environment(tmp_path / "lean" / "Launcher.dll")
    assert found["PYTHONNET_PYDLL"] == str(library) and found["PYTHONHOME"] == sys.base_prefix
    assert found["PYTHONPATH"].split(":")[0] == str(tmp_path / "lean")
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"


def test_libpython_is_found_where_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variables = {"LDLIBRARY": "libpython3.11.so", "INSTSONAME": "libpython3.11.so.1.0", "LIBDIR": str(tmp_path)}
    monkeypatch.setattr(lean_launcher.sysconfig, "get_config_var", variables.get)
    monkeypatch.setattr(lean_launcher.sys, "base_prefix", str(tmp_path))
    with pytest.raises(LeanMissing, match="libpython"):
        lean_launcher.find_libpython()
    (tmp_path / "libpython3.11.so.1.0").touch()
    assert lean_launcher.find_libpython() == tmp_path / "libpython3.11.so.1.0"


def test_a_launcher_is_run_and_its_code_returned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = executable(tmp_path / "launcher", '#!/bin/sh\necho "$1 $PYTHONHOME"\ncat "$2" >/dev/null\nexit 3\n')
    monkeypatch.setattr(lean_launcher, "find_libpython", lambda: tmp_path / "libpython3.11.so")
    one = job(tmp_path)
    assert lean_launcher.run_lean(Lean(command=(str(script),), launcher=script), one) == 3
    assert (one.out / "lean.log").read_text(encoding="utf-8") == f"--config {sys.base_prefix}\n"
    assert (one.out / "storage").is_dir() and (one.scratch / "lean-launcher.json").is_file()


def test_the_lean_command_gets_data_parameters_and_output(tmp_path: Path) -> None:
    script = executable(tmp_path / "lean", '#!/bin/sh\npwd\nprintf "%s\\n" "$@"\ncat lean.json\n')
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "main.py").touch()
    (tmp_path / "data").mkdir()
    one = job(tmp_path)
    assert lean_launcher.run_lean(Lean(command=(str(script),)), one) == 0
    folder, *given = (one.out / "lean.log").read_text(encoding="utf-8").splitlines()
    assert given[:2] == ["backtest", f"{folder}/tom-king"] and Path(folder).parent == tmp_path
    assert given[given.index("--parameter") + 1:][:2] == ["cash", "35000"]
    assert given[given.index("--output") + 1] == f"{folder}/output"
    assert given[given.index("--lean-config") + 1] == f"{folder}/lean.json"
    assert '    "data-folder": "data"' in given and not Path(folder).exists()
