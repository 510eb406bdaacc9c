"""`visavis bench group`: group calls of 2 to 50 members on one machine, measured.

    server (a process of its own) -> Janus (its child)
         |                             |
    members and a tap, in this process, with the product's keys, rooms and connections

Members send sound and pictures that were encoded once. Nothing is decoded: a frame counts when it
opens. The tap holds no key; it stands for whoever runs the SFU.
"""
