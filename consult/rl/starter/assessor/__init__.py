"""The starter's examples in assessing: consultations that it played, edited so that each item turns on its evidence."""
