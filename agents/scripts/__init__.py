"""What a script can do, no model should: set-up of worktrees, commands, services and hooks of the project file.

``running`` runs one and streams what it says · ``ports`` finds free ports · ``environment`` is what every script is
told. It knows neither tasks at work nor the store; the engine's :mod:`agents.engine.scripts` and
:mod:`agents.engine.hooks` decide what runs when, and that the person trusts it.
"""

from agents.scripts.environment import host_environment, port_environment, script_environment
from agents.scripts.ports import free_ports
from agents.scripts.running import ScriptEnd, run_script

__all__ = ["ScriptEnd", "free_ports", "host_environment", "port_environment", "run_script", "script_environment"]
