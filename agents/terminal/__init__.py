"""A terminal without a screen: what a program in a PTY has drawn, and what a key, a paste or a click is to it.

The engine has one for every terminal agent, to answer what programs ask a terminal and to see how the agent stands; a
screen has one for every such pane. ``emulator`` and ``input`` wrap the emulator library (Ghostty's core), which takes a
while to import: import them when the first terminal is needed. The other modules are pure.
"""
