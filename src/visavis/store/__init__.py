"""Adapters that keep things: SQLite and folders."""
