"""Exact rounding: halves away from zero, for money and for rates alike."""

from __future__ import annotations

from fractions import Fraction


def divide(numerator: int, denominator: int) -> int:
    """Quotient of two integers, rounded to a whole number; halves go away from zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def two_decimals(numerator: int | Fraction, denominator: int | Fraction) -> Fraction:
    """Quotient rounded to hundredths, as an exact fraction."""
    hundredths = Fraction(100 * numerator) / denominator
    return Fraction(divide(hundredths.numerator, hundredths.denominator), 100)


def percentage_change(this: int | Fraction, before: int | Fraction) -> float:
    """Change in per cent with two decimals, relative to the absolute value before; 0.0 where that was 0."""
    if not before:
        return 0.0
    base = before if before > 0 else -before
    return float(two_decimals(100 * (this - before), base))
