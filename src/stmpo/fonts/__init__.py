"""The fonts of a project: found where it is sent from, sent with the job, there while it renders, and gone afterwards.

`face` says what a font is called, `sfnt` and `opentype` read that from a file, `places` knows the folders, `index`
remembers what was read, `find` answers, `collect` packs. A worker reads by `sfnt`: it has a Python and nothing else.
"""
