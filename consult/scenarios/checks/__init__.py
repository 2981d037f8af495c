"""What `consult scenarios check` finds: mistakes in a scenario's folder, told in sentences."""
