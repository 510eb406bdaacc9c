"""Adapters that carry things for clients: HTTP and WebSocket."""
