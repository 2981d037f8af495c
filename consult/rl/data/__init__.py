"""Prompts and cases that a training learns from."""
