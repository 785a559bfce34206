"""Option quotes that people own, from the files they come in to a data folder in LEAN's format."""
