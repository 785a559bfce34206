"""Checks of the project's figures against what others have published or computed."""
