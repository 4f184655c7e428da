"""For all tests of widgets."""

from tests.settling import pilots_wait_for_what_is_left

pilots_wait_for_what_is_left()
