"""Shipped test doubles and checkers: virtual clock, vectors, leaky twins."""
