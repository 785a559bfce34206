"""``picture``: the README's picture, taken of a run's report, with the report's own verdict in it and under it.

It needs a Chromium or Chrome. The verdict is kept in the picture's text, so that a test can hold picture, README and run together.
"""
from __future__ import annotations

import argparse
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

from local import results
from local.commands.errors import CommandError
from local.run_report.page import FILE_NAME
from local.run_report.performance import verdict_text
from local.whole_file import replace_file

HELP = "take the README's picture of a finished run's report"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1440, 1560
LONGEST_SECONDS = 120
KEY = b"Verdict"
HEADER = b"\x89PNG\r\n\x1a\n"
AFTER_FIRST_CHUNK = len(HEADER) + 25          # IHDR: length, name, 13 bytes, checksum


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="results folder of a backtest")
    parser.add_argument("--out", metavar="FILE", default="docs/report.png", help="where the picture goes (default docs/report.png)")
    parser.add_argument("--under", metavar="FILE", default="README.md",
                        help="text in which the verdict stands under the picture (default README.md)")


def run(arguments: argparse.Namespace) -> int:
    """Take the picture and write the verdict under it."""
    folder, out, under = Path(arguments.folder), Path(arguments.out), Path(arguments.under)
    page = folder / FILE_NAME
    if not page.is_file():
        raise CommandError(f"{folder} holds no {FILE_NAME}")
    verdict = verdict_text(results.read_report(folder))
    text = captioned(under.read_text(encoding="utf-8"), out, verdict) if under.is_file() else None
    if text is None:
        raise CommandError(f"{under} is not there or shows no picture {out}")
    take(page, out)
    out.write_bytes(with_text(out.read_bytes(), verdict))
    replace_file(under, text)
    print(f"{out}: {verdict}")
    return 0


def captioned(text: str, picture: Path, verdict: str) -> str | None:
    """The text with ``verdict`` as the paragraph after the picture; None where the picture is not in it."""
    parts = text.split("\n\n")
    place = next((number for number, part in enumerate(parts) if part.startswith("![") and f"({picture.as_posix()})" in part), None)
    if place is None:
        return None
    after = place + 1
    kept = parts[after + 1:] if after < len(parts) and parts[after].startswith("*") and parts[after].endswith("*") else parts[after:]
    return "\n\n".join([*parts[:after], f"*{verdict}*", *kept])


def take(page: Path, out: Path) -> None:
    """Have a browser draw the page.

    Raises
    ------
    CommandError
        There is none, or it drew nothing.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise CommandError(f"no browser is on the path; looked for {', '.join(BROWSERS)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--force-color-profile=srgb",
               "--virtual-time-budget=4000", f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={out.resolve()}", page.resolve().as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CommandError(f"{browser} took no picture: {error}") from error
    if done.returncode or not out.is_file():
        raise CommandError(f"{browser} took no picture", details=done.stderr)


def with_text(png: bytes, verdict: str) -> bytes:
    """A PNG that says ``verdict`` in its text, where it said something else before or nothing.

    Raises
    ------
    CommandError
        It is no PNG.
    """
    if not png.startswith(HEADER):
        raise CommandError("the picture is no PNG")
    body = KEY + b"\0" * 5 + verdict.encode("utf-8")           # not compressed, no language, no translated key
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return png[:AFTER_FIRST_CHUNK] + chunk + png[AFTER_FIRST_CHUNK:]


def text_in(png: bytes) -> str | None:
    """What :func:`with_text` wrote; None where it did not."""
    place = len(HEADER)
    while place < len(png):
        (length,), kind = struct.unpack(">I", png[place:place + 4]), png[place + 4:place + 8]
        body = png[place + 8:place + 8 + length]
        if kind == b"iTXt" and body.startswith(KEY + b"\0"):
            return body[len(KEY) + 5:].decode("utf-8")
        place += length + 12
    return None
