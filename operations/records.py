"""What was done, kept in the store: restores, reviews, promotions. Rows are only added, each with its time."""
from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from core.serialization import canonical
from helpers.store.promotion import KEY
from operations.disk import make_folder, read_file, write_file
from operations.errors import OperationsError

ROWS_KEPT = 500


class Records:
    """The operator's records in one store.

    Parameters
    ----------
    store : Path
        The ObjectStore's folder.
    """

    def __init__(self, store: Path) -> None:
        self._folder = (store / KEY).parent

    def add(self, name: str, now: datetime, **facts: Any) -> None:
        """Add one row.

        Raises
        ------
        OperationsError
            It cannot be written.
        """
        rows = [*self.rows(name), {"time": now.isoformat(), **facts}]
        make_folder(self._folder)
        write_file(self._folder / f"{name}.json", (canonical({"rows": rows[-ROWS_KEPT:]}) + "\n").encode("utf-8"))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """All rows, the oldest first.

        Raises
        ------
        OperationsError
            The file is torn.
        """
        place = self._folder / f"{name}.json"
        try:
            rows = json.loads(read_file(place))["rows"]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError):
            raise OperationsError(f"{place} cannot be read: restore it from a backup, or take it away") from None
        return list(rows)
