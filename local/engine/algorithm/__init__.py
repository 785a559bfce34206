"""QCAlgorithm, the base class of algorithms, one file a concern."""
