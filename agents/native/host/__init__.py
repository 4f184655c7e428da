"""What the tool host does, in modules that need nothing but the standard library.

:mod:`agents.native.toolhost` is the program; it runs confined, one per agent, and costs little to start and to keep.
"""
