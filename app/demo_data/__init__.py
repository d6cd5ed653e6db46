"""Believable data for a demonstration: a few years of slips, always the same for one seed."""
