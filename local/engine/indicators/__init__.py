"""Indicators and consolidators, with LEAN's warm-up and readiness."""
