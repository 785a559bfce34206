"""Adapters and order execution around the plain core."""
