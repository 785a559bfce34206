"""The broker side of the embedded engine: orders, fills, account, margin, option lifecycle, statistics."""
