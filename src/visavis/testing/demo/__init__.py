"""`visavis demo`: a whole call on one machine, measured from outside, and what the server kept.

Two people in processes of their own, a server and a relay in a temporary folder, a wiretap before
the relay. Everything in the result is counted or timed by the harness or by the process that saw
it; nothing is taken from a receipt.
"""
