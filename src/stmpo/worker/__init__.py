"""Code that runs inside a Deadline Cloud job, on a worker: only the standard library and psutil."""
