"""The diff and what is said about it, without a screen: parsing, emphasis, anchors, and the prompt of a round."""
