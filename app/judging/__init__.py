"""What says how good a change is, before and beside a person: break/fix, and races between profiles."""
