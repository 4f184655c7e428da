"""Textual widgets that are given data and post messages. None of them knows the engine."""
