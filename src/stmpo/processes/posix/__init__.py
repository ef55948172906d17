"""Process trees on POSIX systems. What only Linux or macOS has is a file of its own."""
