"""Errors algorithms can meet, named as LEAN names them."""
from __future__ import annotations


class MemberNotSupported(NotImplementedError, AttributeError):
    """A member of LEAN's API that this engine does not have."""


class KeyNotFoundException(Exception):
    """A key that is not there."""


class ArgumentException(Exception):
    """An argument LEAN refuses."""


class InvalidOperationException(Exception):
    """A call that is not allowed now."""


class EngineError(Exception):
    """A defect of the project, its parameters or its data that ends a run."""
