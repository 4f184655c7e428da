"""From a change to the branch it belongs on: commits, landing, pull requests, and the project's own scripts.

Each dialog is a module; ``acts`` opens them from the floor.
"""
