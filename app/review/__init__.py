"""The review of one task's change: read it, comment on it, send the comments, see what became of them."""
