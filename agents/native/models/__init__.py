"""Talking to a model: one protocol, three wire formats.

:func:`open_model` gives the :class:`Model` a profile names. What comes out of a model is a stream of small structs;
what can go wrong is either :class:`Retryable` or an :class:`agents.errors.ModelError` for the person. The SDKs are
imported by the first request, in a thread: they take a second and a hundred megabytes.
"""

from agents.native.models.model import (
    Endpoint,
    ImagesRefused,
    Model,
    Overflow,
    PartDone,
    Patience,
    Piece,
    Retryable,
    Spent,
    Stopped,
    TextPiece,
    open_model,
)

__all__ = [
    "Endpoint",
    "ImagesRefused",
    "Model",
    "Overflow",
    "PartDone",
    "Patience",
    "Piece",
    "Retryable",
    "Spent",
    "Stopped",
    "TextPiece",
    "open_model",
]
