"""Measurements of the bench command: child runs with wall time and memory, and two algorithms that measure."""
