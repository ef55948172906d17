"""The knowledge that a run leaves for the next one: a journal beside the frames, and a cache of costs.

`journal` is the open file, `journal_writer` appends to it, `journal_reader` reads it, and `journal_model`
holds the types. `cost_cache` keeps frame costs in a file that may travel with the frames.
"""
