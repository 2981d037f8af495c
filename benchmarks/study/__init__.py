"""Parts of the study of consultations (`benchmarks/consultations.py`)."""
