"""Values that every package shares: frames, output patterns, jobs, options, errors, events.

Imports nothing of the other packages.
"""
