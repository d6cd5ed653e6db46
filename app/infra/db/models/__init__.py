"""The models, one module per schema."""
