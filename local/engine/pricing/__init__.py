"""Option models by LEAN's names: implied volatility, Greeks and prices as LEAN computes them."""
