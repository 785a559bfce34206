"""What a reader is told of a running algorithm: documents derived at the moment they are written. Nothing is decided by
them and nothing is restored from them; the state store keeps the facts."""
