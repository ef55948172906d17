"""What a run leaves for the next one: the journal beside the frames, and costs in a cache."""
