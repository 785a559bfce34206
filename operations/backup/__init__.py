"""Backups of the store: sealed, without doubles, read back when they are written, restored to the byte."""
