"""What `import consult` offers, and what the command line prints: simulate, load, assess, benchmark, report, train."""
