"""Environments: the consultation with its rules, its graph, its store and the runner that plays many."""
