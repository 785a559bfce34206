"""Rows as bytes."""
from __future__ import annotations

import numpy as np

from local.data.text import integer_rows, minute_table, quote_rows


def test_option_rows() -> None:
    bid, ask = np.array([[0, 7, 5000], [4096, 2, 1]]), np.array([[1, 8, 5001], [4097, 13, 12]])
    found = quote_rows(minute_table(570, 390)[[0, 200, 389]], bid, ask, np.array([[True, False, True], [True, True, True]]))
    assert found == [b"34200000,0,0,0,0,0,100,100,100,100,50\n"
                     b"57540000,500000,500000,500000,500000,50,500100,500100,500100,500100,50\n",
                     b"34200000,409600,409600,409600,409600,50,409700,409700,409700,409700,50\n"
                     b"46200000,200,200,200,200,50,1300,1300,1300,1300,50\n"
                     b"57540000,100,100,100,100,50,1200,1200,1200,1200,50\n"]


def test_plain_prices() -> None:
    found = quote_rows(minute_table(0, 1), np.array([[3]]), np.array([[4]]), np.array([[True]]), scale=25, decimals=2)
    assert found == [b"0,0.75,0.75,0.75,0.75,50,1.00,1.00,1.00,1.00,50\n"]


def test_integer_rows() -> None:
    assert integer_rows([np.array([1, 2]), np.array([-3, 40])]) == b"1,-3\n2,40\n"
