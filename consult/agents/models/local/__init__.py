"""Models whose weights are loaded in this process, by transformers."""
