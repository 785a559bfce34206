"""The one error of the operator's tools: a line that says what is wrong, where, and what to do."""
from __future__ import annotations

import errno
from typing import NoReturn

from core.errors import FrameworkError


class OperationsError(FrameworkError):
    """Something the operator asked for cannot be done; nothing is half done."""


def refuse(what: str, error: OSError) -> NoReturn:
    """Turn the system's own error into a line.

    Raises
    ------
    OperationsError
        Always.
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise OperationsError(f"{what}: the disk is full. Nothing that was there is lost; make room and try again") from error
    raise OperationsError(f"{what}: {error.strerror or error}") from error
