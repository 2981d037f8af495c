"""Agents: who speaks, their prompts, and the models behind them."""
