"""The screen of queues: written ones, and the one that runs on a task."""
