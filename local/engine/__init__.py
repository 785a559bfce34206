"""The part of LEAN's Python API that options algorithms use, on plain Python, numpy and pandas.

It reads LEAN's data folder and keeps the broker apart from the algorithm; `docs/engine.md` says what is covered.
Semantics follow LEAN; members that are not covered raise `NotImplementedError` with the member's name.
"""
