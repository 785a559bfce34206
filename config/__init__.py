"""Every figure of the method, in one place: constants, strategy specifications, calendars, run parameters."""
