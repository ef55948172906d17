"""The engine: everything that happens between a prepared job and a finished run. See `render_run`."""
