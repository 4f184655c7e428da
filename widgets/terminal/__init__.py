"""The live terminal of an agent that has no protocol, as a pane beside the others."""
