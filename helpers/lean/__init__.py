"""What speaks to LEAN: the one adapter, and plain values of what LEAN hands over."""
