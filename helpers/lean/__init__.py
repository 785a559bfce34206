"""Everything that talks to LEAN: the one adapter, and plain values of what LEAN returns."""
