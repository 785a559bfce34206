"""The shell between LEAN's clock and the rules: what is asked when, and what is kept."""
