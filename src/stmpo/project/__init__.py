"""After Effects projects, read without After Effects (with py_aep), and checks of their queue items."""
