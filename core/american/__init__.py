"""American option values: the exercise boundary by spectral collocation, and the premium of early exercise.

Everything is stated for a put of strike 1. Time runs from 0 to 1, ``rate_time`` and ``yield_time`` are interest and
dividend yield times the years, ``deviation`` is volatility times the root of the years, and prices are logarithms of
spot over strike. A call is the put with spot and strike, interest and dividends exchanged (McDonald and Schroder 1998).

``boundary`` solves, ``cells`` caches and interpolates, ``premium`` integrates; ``values`` and ``volatilities`` are
stated for options. Sources: Andersen, Lake and Offengenden, "High-performance American option pricing" (2016); Kim
(1990), Jacka (1991) and Carr, Jarrow and Myneni (1992) for the integral; Barone-Adesi and Whaley (1987) for the first
guess.
"""
