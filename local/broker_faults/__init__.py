"""A TastyTrade that misbehaves on command and by seed, around the embedded engine's broker."""
