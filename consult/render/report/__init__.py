"""The report of runs: its data, tables, plots and files."""
