"""Schedule, processes, output folder, callbacks and figures of a training run."""
