"""LEAN's own Python regression algorithms, run on real LEAN and on the embedded engine, and compared."""
