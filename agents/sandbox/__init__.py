"""Where an agent's processes run, and what they may touch.

``Runner.start`` is the seam: local sandboxes implement it here; a container or another host can implement the same
call. :func:`choose_runner` probes once, by running the real profile. Nothing here knows tasks or git: a
:class:`Policy` says everything.
"""

from agents.sandbox.policy import Bind, Policy, PtySize
from agents.sandbox.runner import Process, Runner, choose_runner

__all__ = ["Bind", "Policy", "Process", "PtySize", "Runner", "choose_runner"]
