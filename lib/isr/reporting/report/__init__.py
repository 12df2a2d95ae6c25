"""The report: one HTML page on everything that was run, and what of the papers is reproduced."""
