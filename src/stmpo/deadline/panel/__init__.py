"""The panel for After Effects, as files: what it consists of, where After Effects looks for it, putting it there.

    source      what the panel consists of, gathered into a folder
    record      what an installation consists of, written beside it
    places      where After Effects looks for panels; a file a system
    install     putting the panel into such a place, taking it away again, saying what is there
    archive     the same files as a zip, to be unpacked by hand

The panel itself is `DeadlineCloudSubmitter_STMPO.jsx` and `DeadlineCloudSubmitter_Assets/` of the repository.
"""
