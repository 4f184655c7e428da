"""The process that tokenises files for :mod:`agents.review.highlighter`: requests on stdin, answers on stdout.

It ends when its input does, which is when its owner is gone, however that went.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

import msgspec

from agents.review.frames import LENGTH, Answer, Request
from agents.review.syntax import highlight


def serve(source: BinaryIO, target: BinaryIO) -> None:
    """Answer requests one after the other until there are no more."""
    decoder, encoder = msgspec.msgpack.Decoder(Request), msgspec.msgpack.Encoder()
    while len(head := source.read(LENGTH.size)) == LENGTH.size:
        request = decoder.decode(source.read(LENGTH.unpack(head)[0]))
        found = highlight(request.path, request.data, request.attribute)
        answer = encoder.encode(Answer.of(found))
        target.write(LENGTH.pack(len(answer)) + answer)
        target.flush()


if __name__ == "__main__":
    os.nice(5)  # the screen and the agents go first
    serve(sys.stdin.buffer, sys.stdout.buffer)
