"""The model in training: its adapter, its constraint, and how prompts are shared."""
