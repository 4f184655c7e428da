"""Fixtures of the tests of the program."""

from tests.settling import pilots_wait_for_what_is_left
from tests.shell import shell

__all__ = ["shell"]

pilots_wait_for_what_is_left()
