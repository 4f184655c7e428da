"""Fixtures of the tests of the program."""

from tests.shell import shell

__all__ = ["shell"]
