"""The starter's assessment examples: consultations that it played, edited so that each item depends on its evidence."""
