"""Learning: the starter's recipe, rewards and training of the general practitioners."""
