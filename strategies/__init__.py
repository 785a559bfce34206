"""The ten strategies, one file each: transition table, selection, management.

They look alike and are not to be merged: each has its own state machine, its own conditions and its own exits.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Mapping

from core.model import Strategy
from strategies.friday_0dte_with_state import Friday0Dte
from strategies.lt112_with_state import Lt112

ALL: Final[Mapping[str, Strategy]] = MappingProxyType({
    strategy.spec.name: strategy for strategy in (Friday0Dte(), Lt112())})
"""Every strategy by its spec's name, in the coordinator's order of priority."""
