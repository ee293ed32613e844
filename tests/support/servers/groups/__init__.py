"""Several database servers that hold the same data."""
