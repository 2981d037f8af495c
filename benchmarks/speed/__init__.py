"""Benchmarks of speed, one module each: `python -m benchmarks.speed PART [options]`."""
