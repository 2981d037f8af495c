"""The recipe of the starter, the tiny model in the package."""
