"""Every figure of the method, once: constants, strategy specifications, calendars, run parameters."""
