"""The shell between LEAN's clock and the rules: it asks each rule at its time, and keeps the results."""
