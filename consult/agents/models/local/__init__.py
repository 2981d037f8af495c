"""Models whose weights are loaded here, by transformers."""
