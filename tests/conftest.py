"""Settings of all tests."""

import os

from hypothesis import settings

if os.environ.get("CI"):
    # What is judged once must be judged alike the next time; everywhere else laws meet new examples at every run.
    settings.register_profile("same-examples", derandomize=True)
    settings.load_profile("same-examples")
