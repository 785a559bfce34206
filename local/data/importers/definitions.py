"""Which contract an instrument's number stands for on a day: Databento's definitions, beside its quotes."""
from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from local.data.importers import values
from local.data.importers.errors import at_line
from local.data.importers.files import Table

MARK = "raw_symbol"
Contract = tuple[str, date, bool, int]


def is_definitions(header: list[str]) -> bool:
    """Whether a file holds definitions."""
    return MARK in header and "instrument_id" in header


class Definitions:
    """Contracts by day and number: numbers are given anew, so a definition holds on its own day."""

    def __init__(self) -> None:
        self._symbols: dict[tuple[int, str], str] = {}

    def add(self, table: Table) -> int:
        """Take in a file of definitions; how many rows it has.

        Raises
        ------
        ImportRefused
            A day or symbol that cannot be read.
        """
        stamp, count = next((name for name in ("ts_recv", "ts_event") if name in table.header), None), 0
        if stamp is None:
            raise at_line(table.name, 1, "definitions need a column ts_recv or ts_event")
        for chunk in table.chunks:
            column = chunk[stamp]
            days, _ = values.moments(column, table.name, "ns" if column.iloc[0].isdecimal() else "text", "UTC")
            codes, _ = values.each(chunk[MARK], table.name, values.contract_of)
            for day, number, symbol in zip(days.tolist(), chunk["instrument_id"], chunk[MARK]):
                self._symbols[day, number.strip()] = symbol.strip()
            count += len(codes)
        return count

    def contracts(self, chunk: pd.DataFrame, name: str, days: np.ndarray) -> tuple[np.ndarray, list[Contract]]:
        """Places of each row's contract among those found.

        Raises
        ------
        ImportRefused
            A number that no definition of its day explains.
        """
        places: dict[tuple[int, str], int] = {}
        codes, found = np.empty(len(chunk), dtype=np.int64), []
        for at, key in enumerate(zip(days.tolist(), chunk["instrument_id"].str.strip())):
            if key not in places:
                if key not in self._symbols:
                    raise at_line(name, int(chunk.index[at]), f"no definition of instrument {key[1]} on "
                                  f"{date.fromordinal(key[0])}: name the definition file of that day too")
                places[key] = len(found)
                found.append(values.contract_of(self._symbols[key]))
            codes[at] = places[key]
        return codes, found
