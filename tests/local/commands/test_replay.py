"""The replay command prints each position's fate and both losses."""
from __future__ import annotations

import re

from local.__main__ import main


def test_fourteen_positions_five_admitted_and_both_losses(capsys):
    assert main(["replay"]) == 0
    lines = capsys.readouterr().out.splitlines()
    fates = [line.split()[0] for line in lines if "loss  " in line]
    assert (fates.count("admitted"), fates.count("refused")) == (5, 9)
    found = re.search(r"all 14: ([\d,]+); the 5 admitted: ([\d,]+)", "\n".join(lines))
    assert found is not None
    every, admitted = (int(text.replace(",", "")) for text in found.groups())
    assert 0 < admitted < every
