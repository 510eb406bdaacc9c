"""Fuzzing of every decoder: `python -m fuzz [--seconds N] [--seed N] [--list] [TARGET...]`.

Each target's `check` takes hostile bytes and must show three properties: what parses re-encodes to
the same bytes; only a `VisavisError` comes out; and memory stays in proportion to the input,
however large the lengths it claims. Not for: what a decoder means (its unit tests), or protocol
state.
"""
