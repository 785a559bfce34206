"""What the operator uses beside the algorithm: it reads what the algorithm leaves in the store, and never its insides."""
