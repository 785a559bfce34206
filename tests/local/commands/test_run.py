"""``run`` end to end on the embedded engine: a small LEAN project folder on a hand-written data folder."""
from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from local.__main__ import main

ALGORITHM = '''from AlgorithmImports import *


class Probe(QCAlgorithm):
    def initialize(self):
        self.set_start_date(2024, 8, 5)
        self.set_end_date(2024, 8, 5)
        self.set_cash(50000)
        self.spy = self.add_equity("SPY", Resolution.MINUTE, data_normalization_mode=DataNormalizationMode.RAW).symbol
        self.closes = []

    def on_data(self, data):
        if self.get_parameter("fail") == "yes":
            raise ValueError("as asked")
        self.closes.append(self.securities[self.spy].price)

    def on_end_of_algorithm(self):
        record = {"minutes": len(self.closes), "first": self.closes[0], "last": self.closes[-1],
                  "colour": self.get_parameter("colour"), "size": self.get_parameter("size")}
        self.object_store.save("probe/record.json", json.dumps(record))
'''


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Project, data folder of one day without static files, and the place for results."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "main.py").write_text("import json\n\n" + ALGORITHM, encoding="utf-8")
    (project / "config.json").write_text(json.dumps({"parameters": {"colour": "blue", "size": 3}}), encoding="utf-8")
    folder = tmp_path / "data" / "equity" / "usa" / "minute" / "spy"
    folder.mkdir(parents=True)
    rows = [f"{(570 + minute) * 60_000},{price},{price},{price},{price},100"
            for minute, price in ((minute, 5_100_000 + 100 * minute) for minute in range(390))]
    with zipfile.ZipFile(folder / "20240805_trade.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("20240805_spy_minute_trade.csv", "\n".join(rows) + "\n")
    return project, tmp_path / "data", tmp_path / "out"


def test_results_and_store_are_left(folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    project, data, out = folders
    assert main(["run", str(project), "--data", str(data), "--out", str(out), "--param", "colour=red"]) == 0
    record = json.loads((out / "storage" / "probe" / "record.json").read_text(encoding="utf-8"))
    assert record == {"minutes": 390, "first": 510.0, "last": 513.89, "colour": "red", "size": "3"}
    summary = json.loads((out / "run-summary.json").read_text(encoding="utf-8"))
    assert summary["state"]["Status"] == "Completed" and summary["statistics"]["Total Orders"] == "0"
    assert "Total Orders" in capsys.readouterr().out
    assert not list(project.rglob("__pycache__")) and not (data / "market-hours").exists()


def test_a_failing_algorithm_is_one_line_and_nothing_is_left(folders: tuple[Path, Path, Path],
                                                             capsys: pytest.CaptureFixture[str]) -> None:
    project, data, out = folders
    assert main(["run", str(project), "--data", str(data), "--out", str(out), "--param", "fail=yes"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: the run failed: ValueError: as asked (main.py:")
    assert not out.exists() and {path.name for path in out.parent.iterdir()} == {"project", "data"}


def test_debug_shows_the_trace(folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    project, data, out = folders
    arguments = ["--debug", "run", str(project), "--data", str(data), "--out", str(out), "--param", "fail=yes"]
    assert main(arguments) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def test_a_damaged_member_is_named(folders: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    project, data, out = folders
    path = next(data.rglob("*.zip"))
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(bytes(content))
    assert main(["run", str(project), "--data", str(data), "--out", str(out)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("error: ") and "20240805_trade.zip" in line and not out.exists()
