"""The one error of the dashboard's commands: a line that says what is wrong and what to do."""
from __future__ import annotations


class DashboardError(Exception):
    """Something the owner asked of the dashboard's command line cannot be done."""
