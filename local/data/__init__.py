"""Writes a data folder in LEAN's format for a scenario: anchors of record and a seed in, the same bytes out."""
