"""Models that are loaded several times: in processes of this machine, or on a Ray cluster."""
