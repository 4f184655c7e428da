"""Our own agent: a small loop over a model and four tools.

Reads top to bottom: :mod:`~agents.native.loop` runs turns, :mod:`~agents.native.models` talk to a provider,
:mod:`~agents.native.tools` carry out what the model asks for in the tool host, a process of its own inside the sandbox
(:mod:`~agents.native.toolhost`), and :mod:`~agents.native.conversation` is what is remembered.
:class:`agents.drivers.native.NativeDriver` joins them; nothing else outside this package uses it.
"""
