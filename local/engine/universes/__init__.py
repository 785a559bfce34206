"""Universes and chains: what lets securities into the run, and the filters over contracts."""
