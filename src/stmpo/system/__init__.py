"""Small pieces over the operating system: signals, daemon threads, files, locks, paths."""
