"""Prompts and cases for training."""
