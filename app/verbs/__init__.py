"""The verbs of the command line: each asks the engine and prints the answer."""
