"""What a phase of the account lived through, day by day: entries, levels and what set them off, forced exits, orders."""
