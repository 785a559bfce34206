"""LEAN's data folder: where files are, and how they are read as columns."""
