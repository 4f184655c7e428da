"""What happens around a turn without a model: deterministic checks."""
