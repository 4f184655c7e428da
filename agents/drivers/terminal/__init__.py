"""Any program in a PTY, as a driver.

``session`` is the program at work: its PTY, its emulator, how it stands, and the log of what it wrote. It outlives the
turns and the screens. ``delivery`` brings a prompt into it and makes sure that it arrived; ``driver`` makes turns of
it all. ``record`` is what is kept of its output, ``signals`` how it tells of itself by its hooks.
"""
