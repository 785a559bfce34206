"""Studies: what the notebooks share. Plain Python on frames; nothing here knows LEAN."""
