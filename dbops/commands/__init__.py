"""Pure functions from an environment and what was probed to shell words; quoting happens here."""
