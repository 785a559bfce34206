"""Every bad input: one line, a non-zero exit code, nothing half-written."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.__main__ import main
from local.commands import backtest, faults
from local.data.errors import ScenarioError
from tests.local.commands.fake_engine import completing, failing, leave_results

AUGUST = "august_2024"
SCENARIOS = Path(backtest.PROJECT_FOLDER) / "local" / "scenarios"


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list:
    """Backtests without data and engine: what is asked for is noted."""
    jobs: list = []
    monkeypatch.setattr(backtest, "execute", completing(jobs))
    monkeypatch.setattr(backtest, "data_folder", lambda *_: tmp_path)
    return jobs


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """Run a command that must fail; its one line."""
    assert main(list(arguments)) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    lines = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and printed.err.splitlines()[-1] == lines[0]
    return lines[0]


@pytest.mark.parametrize("arguments, words", [
    (("--scenario", "august_2025"), "unknown scenario"),
    (("--scenario", AUGUST, "--phase", "5"), "must be one of 1, 2, 3, 4"),
    (("--scenario", AUGUST, "--phase", "0"), "must be one of 1, 2, 3, 4"),
    (("--scenario", AUGUST, "--cash", "-1"), "above zero"),
    (("--scenario", AUGUST, "--cash", "0"), "above zero"),
    (("--scenario", AUGUST, "--cash", "nan"), "above zero"),
    (("--scenario", AUGUST, "--cash", "much"), "not an amount"),
    (("--scenario", AUGUST, "--param", "colour=blue"), "unknown parameter 'colour'"),
    (("--scenario", AUGUST, "--param", "starting_phase=5"), "starting_phase"),
    (("--scenario", AUGUST, "--param", "cash=-5"), "cash"),
    (("--scenario", AUGUST, "--param", "strategies=friday_1dte"), "unknown strategy"),
    (("--scenario", AUGUST, "--param", "mode"), "not key=value"),
    (("--scenario", AUGUST, "--param", "mode="), "not key=value"),
    (("--scenario", AUGUST, "--param", "mode=trade", "--param", "mode=observe"), "given twice"),
    (("--scenario", AUGUST, "--cash", "5000", "--param", "cash=6000"), "given twice"),
    (("--scenario", AUGUST, "--phase", "2", "--param", "starting_phase=3"), "given twice"),
    (("--scenario", AUGUST, "--param", "start=2023-01-03", "--param", "end=2024-08-30"), "within"),
    (("--scenario", AUGUST, "--param", "environment=production"), "does not fit"),
    (("--scenario", AUGUST, "--seed", "-1"), "whole number"),
    (("--scenario", AUGUST, "--seed", str(2**31)), "seed"),
    (("--scenario", AUGUST, "--bars", "no/such/folder"), "no/such/folder"),
    (("--scenario", AUGUST, "--engine", "zipline"), "invalid choice"),
    (("--scenario",), "expected one argument"),
    ((), "required"),
    (("--scenario", AUGUST, "--colour"), "unrecognized"),
])
def test_backtest_refuses(capsys: pytest.CaptureFixture[str], no_data: list, tmp_path: Path,
                          arguments: tuple[str, ...], words: str) -> None:
    out = tmp_path / "out"
    assert words in refused(capsys, "backtest", *arguments, "--out", str(out))
    assert no_data == [] and not out.exists()


def test_a_scenario_file_of_ones_own(capsys: pytest.CaptureFixture[str], no_data: list, tmp_path: Path) -> None:
    text = (SCENARIOS / f"{AUGUST}.toml").read_text(encoding="utf-8")
    path, out = tmp_path / "own.toml", tmp_path / "out"
    path.write_text(text, encoding="utf-8")
    assert main(["backtest", "--scenario", str(path), "--out", str(out)]) == 0 and len(no_data) == 1
    capsys.readouterr()
    path.write_text(text.replace("2024-08-05", "2024-08-04"), encoding="utf-8")      # a Sunday
    assert "own.toml" in refused(capsys, "backtest", "--scenario", str(path), "--out", str(tmp_path / "other"))
    assert len(no_data) == 1 and not (tmp_path / "other").exists()


def bars_folder(tmp_path: Path) -> Path:
    """Daily bars of SPY and VIX for the scenario's whole range, flat."""
    from local.data import calendar, scenario
    loaded = scenario.load(AUGUST)
    days = calendar.sessions(loaded.history[0].day, loaded.end)
    folder = tmp_path / "bars"
    folder.mkdir()
    spy = [f"{day},500,505,495,501" for day in days]
    vix = [f"{day},15,16,14,15" for day in days]
    (folder / "spy-daily.csv").write_text("\n".join(["date,open,high,low,close", *spy]) + "\n", encoding="utf-8")
    (folder / "vix-daily.csv").write_text("\n".join(["DATE,OPEN,HIGH,LOW,CLOSE", *vix]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name, row, replacement", [
    ("spy-daily.csv", "2024-07-15,500,505,495,501", None),
    ("spy-daily.csv", "2024-07-15,500,505,495,501", "2024-07-15,500,494,495,501"),
    ("vix-daily.csv", "2024-07-15,15,16,14,15", "2024-07-15,15,16,14,"),
])
def test_bars_that_cannot_be_used(capsys: pytest.CaptureFixture[str], no_data: list, tmp_path: Path, name: str,
                                  row: str, replacement: str | None) -> None:
    folder = bars_folder(tmp_path)
    assert main(["backtest", "--scenario", AUGUST, "--bars", str(folder), "--out", str(tmp_path / "good")]) == 0
    capsys.readouterr()
    text = (folder / name).read_text(encoding="utf-8")
    assert row in text
    (folder / name).write_text(text.replace(row + "\n", "" if replacement is None else replacement + "\n"))
    line = refused(capsys, "backtest", "--scenario", AUGUST, "--bars", str(folder), "--out", str(tmp_path / "out"))
    assert name in line and not (tmp_path / "out").exists()


def test_a_failed_run_leaves_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                     tmp_path: Path) -> None:
    monkeypatch.setattr(backtest, "execute", failing)
    monkeypatch.setattr(backtest, "data_folder", lambda *_: tmp_path)
    line = refused(capsys, "backtest", "--scenario", AUGUST, "--out", str(tmp_path / "runs" / "out"), code=1)
    assert line == "error: the run failed: ValueError: no second line"
    assert list((tmp_path / "runs").iterdir()) == []


def test_out_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str], no_data: list, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here first", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "under"):
        assert "out folder" in refused(capsys, "backtest", "--scenario", AUGUST, "--out", str(out))
    assert (tmp_path / "file").read_text(encoding="utf-8") == "here first" and no_data == []


def test_a_store_file_that_is_not_ours_stays(capsys: pytest.CaptureFixture[str], no_data: list,
                                             tmp_path: Path) -> None:
    foreign = tmp_path / "out" / "storage" / "state.json"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("theirs", encoding="utf-8")
    line = refused(capsys, "backtest", "--scenario", AUGUST, "--out", str(tmp_path / "out"))
    assert "storage/state.json" in line and no_data == []
    assert foreign.read_text(encoding="utf-8") == "theirs"


def test_a_store_file_changed_after_the_run_stays(capsys: pytest.CaptureFixture[str], no_data: list,
                                                  tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["backtest", "--scenario", AUGUST, "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["backtest", "--scenario", AUGUST, "--out", str(out)]) == 0      # an unchanged run is replaced
    capsys.readouterr()
    changed = next((out / "storage").rglob("report.json"))
    changed.write_text("{}", encoding="utf-8")
    assert "changed after the run" in refused(capsys, "backtest", "--scenario", AUGUST, "--out", str(out))
    assert changed.read_text(encoding="utf-8") == "{}"


def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "main.py").write_text("from AlgorithmImports import *\n\n\nclass Probe(QCAlgorithm):\n    pass\n")
    return folder


def test_run_refuses_folders_that_are_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder, out, empty = project(tmp_path), tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    common = ("--out", str(out))
    assert "is not there" in refused(capsys, "run", str(tmp_path / "none"), "--data", str(empty), *common)
    assert "no main.py" in refused(capsys, "run", str(empty), "--data", str(empty), *common)
    assert "is not there" in refused(capsys, "run", str(folder), "--data", str(tmp_path / "none"), *common)
    assert "not a LEAN data folder" in refused(capsys, "run", str(folder), "--data", str(empty), *common)
    assert "is not a folder" in refused(capsys, "run", str(folder), "--data", str(folder / "main.py"), *common)
    (folder / "main.py").write_text("class Probe(QCAlgorithm)\n", encoding="utf-8")
    (empty / "equity").mkdir()
    assert "cannot be read as Python" in refused(capsys, "run", str(folder), "--data", str(empty), *common)
    assert not out.exists()


@pytest.mark.parametrize("content", [b"not a zip at all", b"", b"PK\x03\x04 cut short"])
def test_run_refuses_a_corrupt_zip(capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes) -> None:
    folder, data, out = project(tmp_path), tmp_path / "data", tmp_path / "out"
    path = data / "equity" / "usa" / "minute" / "spy" / "20240805_trade.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    line = refused(capsys, "run", str(folder), "--data", str(data), "--out", str(out))
    assert "20240805_trade.zip" in line and "corrupt zip" in line and not out.exists()


def test_lean_that_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, no_data: list,
                              tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TOMKING_LEAN", raising=False)
    arguments = ("backtest", "--scenario", AUGUST, "--engine", "lean", "--out", str(tmp_path / "out"))
    assert "TOMKING_LEAN" in refused(capsys, *arguments)
    monkeypatch.setenv("TOMKING_LEAN", str(tmp_path / "none.dll"))
    assert "none.dll, which is not there" in refused(capsys, *arguments)
    assert "TOMKING_LEAN" in refused(capsys, "parity", "--scenario", AUGUST, "--out", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["[]", "{", '{"schema": 3}', '{"schema": 2, "run": {}, "marks": [], "trades": [], '
                                  '"refusals": {}, "phases": [], "results": {}, "planned": {}}'])
def test_report_refuses_what_is_not_ours(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    leave_results(tmp_path)
    next((tmp_path / "storage").rglob("report.json")).write_text(text, encoding="utf-8")
    assert "report.json" in refused(capsys, "report", str(tmp_path))
    assert not (tmp_path / "report.html").exists()


def test_report_of_a_folder_that_is_no_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "is not there" in refused(capsys, "report", str(tmp_path / "none"))
    assert "report.json" in refused(capsys, "report", str(tmp_path))


def test_data_cache_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    line = refused(capsys, "data", "--scenario", AUGUST, "--data-cache", str(tmp_path / "file" / "cache"))
    assert "cache" in line


def test_data_of_an_unknown_strategy(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    line = refused(capsys, "data", "--scenario", AUGUST, "--strategies", "lt113", "--data-cache", str(tmp_path / "c"))
    assert "lt113" in line and not (tmp_path / "c").exists()


def test_a_python_without_the_libraries(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {asked!r}", name=asked)

    monkeypatch.setattr("local.__main__.import_module", missing)
    asked = "numpy"
    assert ".venv/bin/python -m local" in refused(capsys, "backtest", "--scenario", AUGUST)
    asked = "local.commands.nothing"
    with pytest.raises(ModuleNotFoundError):
        main(["backtest"])


@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5"])
def test_faults_need_a_seed(capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert "from 1 up" in refused(capsys, "faults", "--scenario", AUGUST, f"--seeds={text}")


def test_faults_read_strategies_as_a_backtest_does(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
                                                   ) -> None:
    written: list[tuple[str, ...]] = []

    def no_data(_scenario: object, _arguments: object, strategies: tuple[str, ...]) -> Path:
        written.append(strategies)
        raise ScenarioError("that is all that was asked for")

    monkeypatch.setattr(faults, "data_folder", no_data)
    for given in ((), ("--param", "strategies=all"), ("--param", "strategies=lt112, ipmcc")):
        refused(capsys, "faults", "--scenario", AUGUST, *given)
    assert [len(names) for names in written] == [10, 10, 2] and written[2] == ("lt112", "ipmcc")


@pytest.mark.parametrize("arguments, words", [
    (("backtset",), "did you mean 'backtest'?) (see python -m local --help)"),
    (("backtest", "--scenario", AUGUST, "--stratgies", "all"), "did you mean '--strategies'?) (see python -m local backtest --help)"),
    (("backtest", "--scenario", AUGUST, "--phase", "9"), "(see python -m local backtest --help)"),
    (("list", "strategy"), "did you mean 'strategies'?) (see python -m local list --help)"),
])
def test_near_misses_and_the_help_that_tells_more(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...],
                                                  words: str) -> None:
    assert words in refused(capsys, *arguments)


@pytest.mark.parametrize("what, words", [
    ("scenarios", "covid_2020"), ("strategies", "friday_0dte"), ("parameters", "starting_phase"), ("codes", "VIX_BELOW_BAND")])
def test_names_are_listed(capsys: pytest.CaptureFixture[str], what: str, words: str) -> None:
    assert main(["list", what]) == 0
    assert words in capsys.readouterr().out


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "invalid choice" in refused(capsys, "trade")
    assert "required" in refused(capsys)


BROKEN = ("{", "", "[]", '{"parameters": []}', '{"parameters": {"cash": "1"}} // mine', '{"parameters": {"margin": "much"}}',
          '{"parameters": {"fills": null}}', '{"parameters": {"startegies": "all"}}', '{"parameters": {"strategies": ""}}',
          '{"parameters": {"mode": ["trade"]}}', '{"parameters": {"environment": "production"}}', "\udcff")


@pytest.mark.parametrize("engine", ["embedded", "lean"])
@pytest.mark.parametrize("text", BROKEN)
def test_a_config_json_that_cannot_be_used(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
                                           no_data: list, tmp_path: Path, text: str, engine: str) -> None:
    path, out = tmp_path / "config.json", tmp_path / "out"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    monkeypatch.setattr(backtest, "PROJECT_FOLDER", tmp_path)
    line = refused(capsys, "backtest", "--scenario", AUGUST, "--engine", engine, "--out", str(out))
    assert str(path) in line
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape") and no_data == [] and not out.exists()


def test_what_was_typed_wrong_is_not_laid_on_config_json(capsys: pytest.CaptureFixture[str], no_data: list) -> None:
    line = refused(capsys, "backtest", "--scenario", AUGUST, "--param", "startegies=all")
    assert "did you mean 'strategies'?" in line and "config.json" not in line
