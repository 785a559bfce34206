"""The parts that survive a crash: the two-slot store, the audit trail, the journal."""
