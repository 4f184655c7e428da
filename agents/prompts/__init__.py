"""Prompts while a person writes them, and the images that they carry to an agent.

A long pasted text and an image are *chips*; a template begins a prompt; a list is several prompts. Nothing here knows
tasks: ``agents/engine/writing.py`` and ``attachments.py`` keep what chips stand for.
"""
