"""The one error of the data writer."""
from __future__ import annotations


class ScenarioError(ValueError):
    """A scenario, a folder of bars or a cache that cannot be used; the message is one line and names the place."""
