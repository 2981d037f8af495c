"""The checks of `consult scenarios check`: mistakes in a scenario's folder, reported as sentences."""
