"""GRPO on decisions and on whole consultations, on top of TRL."""
