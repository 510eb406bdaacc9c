"""One file per schema step; each is final once released."""
