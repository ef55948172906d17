"""The fonts of a job on a worker: validate, install for the session's user, verify, lease and remove."""
