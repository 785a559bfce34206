"""The dashboard: a server on this machine's own address, and one page."""
