"""The fonts of a project: find them, send them with the job, install them for a render, then remove them.

On the artist's machine: `places` knows the folders, `sfnt` reads font files, `face` holds their names,
`index` caches what was read, `find` matches the project's fonts, `collect` packs them. On a worker:
`install`.
"""
