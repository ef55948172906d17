"""Process trees on Windows: Job Objects, pinning by processor group, and the API calls for both."""
