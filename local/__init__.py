"""Runs the framework without Docker: engine, data writer, broker faults, report, command line."""
