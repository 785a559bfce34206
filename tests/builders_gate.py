"""The entry gate on real components, for tests."""

from __future__ import annotations

from core.entry.gate import EntryGate
from core.spy_concentration_manager import SpyConcentrationManager
from helpers.data_freshness_validator import DataFreshnessValidator
from risk.august_2024_correlation_limiter import August2024CorrelationLimiter
from risk.dynamic_margin_manager import DynamicMarginManager
from risk.greeks_monitor import GreeksMonitor


def make_gate() -> EntryGate:
    """A gate whose components have seen nothing yet."""
    return EntryGate(DataFreshnessValidator(), August2024CorrelationLimiter(), DynamicMarginManager(), GreeksMonitor(),
                     SpyConcentrationManager())
