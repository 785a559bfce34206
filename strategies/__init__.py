"""The ten strategies, one file each: transition table, selection, management."""
