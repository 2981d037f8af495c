"""Agents: the roles, their prompts, and the models behind them."""
