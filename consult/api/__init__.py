"""The functions of `import consult`: simulate, load, resume, assess, benchmark, report, grounding, train."""
