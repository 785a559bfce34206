"""Settings of all tests."""

import os

from hypothesis import settings

# No law fails by the clock. On CI what is judged once must be judged alike the next time; everywhere else laws meet new
# examples at every run.
settings.register_profile("framework", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("framework")
