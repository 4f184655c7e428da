"""Parts of the Api: one module for each capability that has several calls of its own.

A module holds a protocol and the structs its calls take and give, nothing else, so that the screen can import it for
nothing. The engine's class for the capability implements the protocol; :class:`agents.api.Api` names it as an
attribute. Everybody may import these.
"""
