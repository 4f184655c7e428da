"""A model server that is not a model: it plays prepared answers over the real wire formats.

:class:`OfflineServer` listens on a loopback port and speaks Anthropic Messages, OpenAI Responses, Chat Completions and
Gemini's generateContent. What it answers comes from a player: a function from a neutral :class:`ModelRequest` to a
:class:`Reply` or a :class:`Fault`. :class:`ScriptedPlayer` plays a list (tests); ``agents.offline.scenario`` plays the
data files in ``profiles/offline/`` (the demo). The engine starts the server; nothing here knows tasks, git or the
engine.
"""

from agents.config import read_config
from agents.offline.exchange import Call, Fault, Message, ModelRequest, Player, Reply, Text, Thinking, Tool, say
from agents.offline.play import ScenarioPlayer
from agents.offline.scenario import load_scenarios
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
    "ScenarioPlayer",
    "ScriptedPlayer",
    "Text",
    "Thinking",
    "Tool",
    "load_scenarios",
    "say",
    "start_offline_server",
]


async def start_offline_server() -> tuple[OfflineServer, str]:
    """Start a server that plays the shipped scenarios at the pace of the person's settings.

    Returns:
        The server, to be closed by the caller, and its base URL, which suits every SDK as it is.

    Raises:
        UsageError: a scenario or ``config.toml`` cannot be understood.
        OSError: the loopback address cannot be listened on.
    """
    scenarios = load_scenarios()
    delay_seconds = read_config().offline.delay_ms / 1000
    server = OfflineServer(ScenarioPlayer(scenarios), delay_seconds=delay_seconds, models=("offline", *scenarios))
    return server, await server.start()
