"""The work on one order: pieces, prices, fills, and matching after a restart."""
