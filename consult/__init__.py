"""Simulated clinical consultations between AI agents. Simulation, not medical advice."""

__version__ = "0.1.0"
