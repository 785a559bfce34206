"""Securities and their data as an algorithm sees them: symbols, bars, slices, hours, history."""
