"""The way of a confined agent to its model, and to nothing else.

The agent is told that its model is at a loopback address. There, inside the sandbox, listens a small forwarder
(:mod:`agents.endpoint.forwarder`), which hands everything to a unix socket that the sandbox shows; at its other end the
engine's proxy (:mod:`agents.endpoint.proxy`) speaks to the one server that the profile names. So an agent whose
network is off still has its model. On request the proxy holds the key, too: the agent then has one that is good for
nothing else. :mod:`agents.endpoint.bridge` puts these together for a task.
"""

from agents.endpoint.bridge import Bridges, way_in_words

__all__ = ["Bridges", "way_in_words"]
