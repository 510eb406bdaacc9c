"""The client library: accounts, devices, contacts, messages and calls."""
