"""Written data goes into new folders, its own earlier ones and LEAN's; never over a folder of another kind."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from local.commands import data
from local.commands.data_out import PUT_ASIDE
from local.commands.staging import write_manifest
from local.lean_workspace import REFRESHED
from tests.local.commands.fake_engine import leave_results

SPY = "equity/usa/daily/spy.zip"


def write(folder: Path, **_: object) -> None:
    for name in (SPY, "option/usa/minute/spy/20240701_quote_american.zip", *REFRESHED):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"ours {name}", encoding="utf-8")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The cache's folder of the scenario."""
    folder = tmp_path / "cache"
    write(folder)
    monkeypatch.setattr(data, "data_folder", lambda *_: folder)
    return folder


def ask(out: Path, *more: str) -> int:
    return main(["data", "--scenario", "august_2024", "--out", str(out), *more])


def test_a_results_folder_is_never_replaced(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leave_results(tmp_path / "run")
    write_manifest(tmp_path / "run", {"command": "backtest"})
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    for more in ((), ("--force",)):
        assert ask(tmp_path / "run", *more) == 2
        assert "the command backtest wrote" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in before} == before


def test_a_data_folder_is_never_replaced_by_results(written: Path, tmp_path: Path, jobs: list) -> None:
    assert ask(tmp_path / "data") == 0
    for more in ((), ("--force",)):
        assert main(["backtest", "--scenario", "august_2024", "--out", str(tmp_path / "data"), *more]) == 2
    assert (tmp_path / "data" / SPY).is_file() and jobs == []


def test_databases_that_the_command_refreshed_stay(written: Path, tmp_path: Path) -> None:
    assert ask(tmp_path / "data") == 0
    for name in REFRESHED:
        (tmp_path / "data" / name).write_text("refreshed", encoding="utf-8")
    (written / SPY).write_text("another scenario", encoding="utf-8")
    assert ask(tmp_path / "data") == 0
    assert (tmp_path / "data" / SPY).read_text(encoding="utf-8") == "another scenario"
    assert all((tmp_path / "data" / name).read_text(encoding="utf-8") == "refreshed" for name in REFRESHED)
    assert not (tmp_path / "data" / PUT_ASIDE).exists()


def test_beside_what_lean_init_brought(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "data"
    for name in (SPY, "forex/oanda/daily/eurusd.zip", *REFRESHED):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("LEAN's", encoding="utf-8")
    assert ask(out) == 0
    assert "1 files that stood in the way were put aside" in capsys.readouterr().err
    assert (out / SPY).read_text(encoding="utf-8") == f"ours {SPY}"
    assert (out / PUT_ASIDE / SPY).read_text(encoding="utf-8") == "LEAN's"
    assert (out / "forex/oanda/daily/eurusd.zip").is_file()
    assert all((out / name).read_text(encoding="utf-8") == "LEAN's" for name in REFRESHED)
    (written / "option/usa/minute/spy/20240701_quote_american.zip").unlink()
    assert ask(out) == 0
    assert not (out / "option/usa/minute/spy/20240701_quote_american.zip").exists()       # ours, of the other scenario
    assert (out / "forex/oanda/daily/eurusd.zip").is_file()


def test_another_folder_is_refused(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear", encoding="utf-8")
    assert ask(tmp_path / "mine") == 2 and ask(tmp_path / "mine", "--force") == 2
    assert "letter.txt, which no run wrote" in capsys.readouterr().err


def test_force_is_for_the_same_kind(tmp_path: Path, jobs: list, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    arguments = ["backtest", "--scenario", "august_2024", "--out", str(out)]
    assert main(arguments) == 0
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(arguments) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert not (out / "notes.txt").exists()


@pytest.mark.parametrize("words, answer", [
    (["--start", "2024-07-08", "--end", "2024-07-12"], "august_2024: 2024-07-08 to 2024-07-12, seed"),
    (["--from", "2024-07-08"], "august_2024: 2024-07-08 to 2024-0"), ([], "august_2024: 2024-05-01 to")])
def test_the_window_that_was_asked_is_written(written: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                              words: list[str], answer: str) -> None:
    asked: list[object] = []
    monkeypatch.setattr(data, "data_folder", lambda *given: asked.append(given[-1]) or written)
    assert main(["data", "--scenario", "august_2024", *words]) == 0
    told = capsys.readouterr().out
    assert answer in told and " to ".join(map(str, asked[0])) in told


def test_a_window_beyond_the_scenario_is_refused(written: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--scenario", "august_2024", "--end", "2025-07-12"]) == 2
    assert "is not inside august_2024's" in capsys.readouterr().err
