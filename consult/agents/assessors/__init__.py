"""Scoring of consultations: the rubric, the rule assessor, models, and the judge of open diagnoses."""
