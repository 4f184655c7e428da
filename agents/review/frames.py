"""The messages between :mod:`agents.review.highlighter` and its worker: a length in four bytes, then msgpack."""

from __future__ import annotations

import struct
from array import array

import msgspec

from agents.review.spans import Highlighted

LENGTH = struct.Struct("<I")


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A file to tokenise."""

    path: bytes
    data: bytes
    attribute: str = ""


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """Its spans: the columns of a :class:`Highlighted`, as bytes."""

    language: str
    first: bytes
    starts: bytes
    lengths: bytes
    classes: bytes

    @staticmethod
    def of(found: Highlighted) -> Answer:
        """The answer that says what was found."""
        first, starts, lengths = found.first.tobytes(), found.starts.tobytes(), found.lengths.tobytes()
        return Answer(found.language, first, starts, lengths, found.classes)

    def highlighted(self) -> Highlighted:
        """The spans as they were."""
        return Highlighted(
            self.language, _numbers(self.first), _numbers(self.starts), _numbers(self.lengths), self.classes
        )


def _numbers(data: bytes) -> array[int]:
    numbers = array("I")
    numbers.frombytes(data)
    return numbers
