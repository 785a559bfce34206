"""Errors: one root, few leaves, facts as attributes. They are raised for defects, bad configuration and input that
cannot be computed with. Outcomes of the market are refusals (``core.model.Refused``), never errors."""

from __future__ import annotations

from typing import Any


class FrameworkError(Exception):
    """Root of all errors that the framework itself raises.

    Parameters
    ----------
    message : str
        One line.
    **facts
        What makes the message checkable. Kept in ``facts`` and shown after the message.
    """

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts: dict[str, Any] = facts

    def __str__(self) -> str:
        shown = " ".join(f"{name}={value!r}" for name, value in self.facts.items())
        return f"{self.message} ({shown})" if shown else self.message


class ConfigError(FrameworkError):
    """A parameter or figure of the configuration is unknown, out of bounds or contradicts another."""


class IntegrityError(FrameworkError):
    """A component's own facts contradict each other. Found by ``self_check`` or ``restore``."""


class TransitionError(FrameworkError):
    """A state machine was given an event that its state does not know."""


class StoreError(FrameworkError):
    """The store could not be written or read."""


class StoreCorrupt(StoreError):
    """No readable, authentic document is left in the store."""


class CannotCompute(FrameworkError):
    """An input is missing, not finite or out of its domain. A guard turns it into ``GUARD_CANNOT_COMPUTE``."""


class GatewayError(FrameworkError):
    """LEAN holds or lacks something, and the framework cannot continue because of it."""
