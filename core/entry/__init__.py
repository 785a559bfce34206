"""The one gate before any entry: its checks, and the room that each size limit leaves."""
