"""`visavis audit stored`: what could be learned from everything a server has kept.

Two questions, asked of the bytes and not of our intentions:

1. Is anything there that must not be (`needles`, `finest_times`)?
2. Can who-called-whom be rebuilt from what is there (`attacks`)?

Each search and each attack is first run on a deliberately leaky twin (`leaky`). One that finds
nothing there proves nothing here, so the audit itself fails (house-style.md, "Tests").
"""
