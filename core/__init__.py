"""The rules of the portfolio in plain Python: no LEAN, no clock, no I/O, no logging."""
