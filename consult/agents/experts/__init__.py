"""Image classifiers that the strategy `expert` asks."""
