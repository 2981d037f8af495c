"""Reading words: which facts a line states, how urgently it sends a patient, what a person says of danger."""
