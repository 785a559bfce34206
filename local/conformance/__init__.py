"""The project's conformance cases: small algorithms, the records real LEAN left of them, and how to compare."""
