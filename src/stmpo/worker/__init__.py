"""What runs inside a job on a worker. Imports the standard library and psutil only."""
