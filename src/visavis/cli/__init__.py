"""The `visavis` command: argument parsing and printing, no decisions."""
