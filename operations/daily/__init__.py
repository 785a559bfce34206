"""The day of who runs it: checks before the start, a clean stop, the words for an emergency, logs, the week's report."""
