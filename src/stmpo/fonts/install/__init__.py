"""Fonts of a job on a worker: validated, installed for the session's user, read back, leased, and removed again."""
