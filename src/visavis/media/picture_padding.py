"""Few sizes for the pictures of a confidential call, by zeros after the last partition of VP8.

Sizes of pictures follow movement: whoever sees them learns when somebody moves, leaves or holds
something up. In a confidential call each picture is filled up to the next of a few sizes before it
is sealed, and the encoder is held to a rate at which nearly all of them fit the smallest: one size,
at an even pace. A key frame, or a picture that changes altogether, takes a larger one, and that
remains to be seen.

The last partition of a VP8 frame has no length of its own: it is what remains (RFC 6386, 9.5), and
a decoder reads of it what it needs. So every decoder takes the zeros, and nobody has to agree on
them.
"""

from __future__ import annotations

from typing import Final

STEADY_BIT_RATE: Final = 300_000
"""Bits per second for the encoder. Higher looks better and makes more pictures outgrow a size."""

SIZES: Final = (4_096, 16_384, 65_536)
"""Bytes. A smaller first one costs less and is outgrown more often; beyond the last its multiples
count."""


def padded(picture: bytes) -> bytes:
    """Return a VP8 frame that decodes to the same picture, filled up to one of few sizes."""
    for size in SIZES:
        if len(picture) <= size:
            return picture.ljust(size, b"\x00")
    largest = SIZES[-1]
    return picture.ljust(-(-len(picture) // largest) * largest, b"\x00")
