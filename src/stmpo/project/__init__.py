"""After Effects projects, read without After Effects (by py_aep)."""
