"""The roles of a consultation: patient, triage doctor, specialists, attending; and how a role prompts its model."""
