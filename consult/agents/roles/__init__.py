"""Who takes part in a consultation: patient, triage doctor, specialists, attending; and how a role asks its model."""
