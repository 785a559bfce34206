"""``replay``: the fourteen positions of 2 August 2024 at the limiter's gate, and what 5 August would have cost."""
from __future__ import annotations

import argparse

from risk.august_2024_replay import replay

HELP = "the fourteen positions of 2 August 2024 at the limiter's gate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None: the positions are those on record."""


def run(arguments: argparse.Namespace) -> int:
    """Print who is admitted, who is refused and why, and both losses."""
    print("\n".join(replay().lines()))
    return 0
