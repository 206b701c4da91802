"""Money: Decimal USDT for people, a whole number of 1e-6 USDT in the lake.

Sums of DOUBLE differ from run to run with the order of threads; sums of whole numbers do not.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from springtide.kernel.errors import BadInput

MICRO = 1_000_000
_UNIT = Decimal("0.000001")


def usdt(micro_usdt: int) -> Decimal:
    """USDT as a Decimal with six places, from the lake's whole number of 1e-6 USDT."""
    return (Decimal(micro_usdt) * _UNIT).quantize(_UNIT)


def micro(amount_usdt: Decimal | int | str) -> int:
    """The lake's whole number of 1e-6 USDT; halves go to the even neighbour."""
    return int((Decimal(amount_usdt) / _UNIT).to_integral_value(ROUND_HALF_EVEN))


def typed(text: str) -> int:
    """The lake's whole number of an amount in USDT that somebody typed, such as 1,500.50.

    refuses    bad_amount
    """
    try:
        number = Decimal(text.strip().replace(",", ""))
        if not number.is_finite() or abs(number) >= 10**12:
            raise InvalidOperation
    except InvalidOperation as bad:
        raise BadInput(f"'{text[:40]}' is no amount.", "Write it in USDT, such as 1500 or 1500.50.", code="bad_amount") from bad
    return micro(number)
