"""Rewards of completions and consultations."""
