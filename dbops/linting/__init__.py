"""Revisions judged without a database: their SQL is written offline and read by rules."""
