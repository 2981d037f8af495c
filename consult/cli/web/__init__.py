"""The pages of `consult view`."""
