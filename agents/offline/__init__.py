"""A model server that is not a model: it plays prepared answers over the real wire formats.

:class:`OfflineServer` listens on a loopback port and speaks Anthropic Messages, OpenAI Responses and Chat Completions.
What it answers comes from a player: a function from a neutral :class:`ModelRequest` to a :class:`Reply` or a
:class:`Fault`. :class:`ScriptedPlayer` plays a list (tests); ``agents.offline.scenario`` plays the data files in
``profiles/offline/`` (the demo). The engine starts the server; nothing here knows tasks, git or the engine.
"""

from agents.offline.exchange import Call, Fault, Message, ModelRequest, Player, Reply, Text, Thinking, Tool, say
from agents.offline.script import ScriptedPlayer
from agents.offline.server import OfflineServer

__all__ = [
    "Call",
    "Fault",
    "Message",
    "ModelRequest",
    "OfflineServer",
    "Player",
    "Reply",
    "ScriptedPlayer",
    "Text",
    "Thinking",
    "Tool",
    "say",
]
