"""The model that is trained: its adapter, its constraint, and how prompts are shared."""
