"""The README's picture: it carries the verdict of its run, the README says the same under it, and the run says so again."""
from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

import pytest

from local import results
from local.commands.errors import CommandError
from local.commands.picture import HEADER, captioned, text_in, with_text
from local.run_report.performance import verdict_text

ROOT = Path(__file__).resolve().parents[3]
PICTURE = Path("docs/report.png")


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png() -> bytes:
    pixels = zlib.compress(b"\0\xff\xff\xff")
    return HEADER + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_picture_carries_its_verdict() -> None:
    written = with_text(png(), "Earned – $5")
    assert text_in(written) == "Earned – $5" and text_in(png()) is None
    assert written.startswith(png()[:33]) and written.endswith(png()[33:])
    with pytest.raises(CommandError, match="no PNG"):
        with_text(b"JPEG", "x")


def test_the_verdict_stands_under_the_picture_and_replaces_the_one_before() -> None:
    text = "# A\n\n![Report](docs/report.png)\n\n## B\n"
    once = captioned(text, PICTURE, "Earned $5.")
    assert once == "# A\n\n![Report](docs/report.png)\n\n*Earned $5.*\n\n## B\n"
    assert captioned(once, PICTURE, "Lost $7.") == once.replace("Earned $5.", "Lost $7.")
    assert captioned("# A\n", PICTURE, "x") is None


def test_picture_and_readme_say_the_same() -> None:
    told = text_in((ROOT / PICTURE).read_bytes())
    assert told is not None, "make picture takes it"
    assert f"*{told}*" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_the_default_backtest_says_what_the_picture_does(tmp_path: Path) -> None:
    from local.__main__ import main
    chosen = dict(re.findall(r"^(SCENARIO|PHASE|STRATEGIES|CASH) \?= *(\S+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert main(["backtest", "--scenario", chosen["SCENARIO"], "--phase", chosen["PHASE"], "--strategies", chosen["STRATEGIES"],
                 "--out", str(tmp_path / "run")]) == 0
    assert verdict_text(results.read_report(tmp_path / "run")) == text_in((ROOT / PICTURE).read_bytes())
