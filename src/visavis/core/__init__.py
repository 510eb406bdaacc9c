"""The protocol as pure code: no clock, randomness, socket, file, log or event loop."""
