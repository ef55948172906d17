"""What a run leaves to be read: the summary in numbers, and pictures of machine and plan."""
