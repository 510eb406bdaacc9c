"""The server: delivery service, authentication service and vault, wired together."""
