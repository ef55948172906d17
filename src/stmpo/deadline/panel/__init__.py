"""The files of the panel for After Effects: gather, install, remove and pack them.

    source      gather the panel's files into a folder
    record      the list of installed files, stored beside them
    places      the folders where After Effects looks for panels; one file per system
    install     install into such a folder, uninstall, inspect
    archive     the same files as a zip, to be unpacked by hand

The panel itself is `DeadlineCloudSubmitter_STMPO.jsx` and `DeadlineCloudSubmitter_Assets/` of the repository.
"""
