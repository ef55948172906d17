"""Process trees on POSIX systems. What only Linux or macOS has is in its own file."""
