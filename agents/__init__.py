"""Everything about agents and nothing about the screen: no module here imports Textual or Rich.

The way in is an :class:`agents.api.Api` method; the way out is an :class:`agents.events.Event`.
"""
