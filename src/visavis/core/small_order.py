"""Points of small order on the curves of Ed25519 and Ed448 (RFC 8032).

Under such a key one signature fits every message, and libraries differ in refusing it, as key and
as first half of a signature. A member could split a group along that difference: some would take
its message and some would not. So both are refused here, whatever the library says.
"""

from __future__ import annotations

from typing import Final

_P25519: Final = 2**255 - 19
_P448: Final = 2**448 - 2**224 - 1
_ORDER_8: Final = 2707385501144840649318225287225658788936804267575313519463743609750303402022
"""y of two of Ed25519's four points of order 8; the other two have its negative."""

_SMALL_Y: Final = {
    32: (_P25519, frozenset({0, 1, _P25519 - 1, _ORDER_8, _P25519 - _ORDER_8})),
    57: (_P448, frozenset({0, 1, _P448 - 1})),
}
"""By bytes of a point: the field's prime, and y of each point whose order divides the cofactor."""


def is_small_order(point: bytes) -> bool:
    """Say whether an encoded point is of small order, in any encoding.

    Args:
        point: 32 bytes (Ed25519) or 57 bytes (Ed448): y, little-endian, and the sign of x on top.
    """
    prime, small = _SMALL_Y[len(point)]
    y = int.from_bytes(point, "little") % 2 ** (8 * len(point) - 1)
    return y % prime in small
