"""The way of a frame from scratch to the destination.

- `scratch`: the folders that renderers write to.
- `file_stability`: finds rendered files and decides when their writer has finished with them.
- `verify`: reads a file to the end of its structure. `verify_files` does so in worker threads.
- `misplaced_frames`, `size_consensus`: find whole files that may hold the wrong picture.
- `publish`: copies a whole frame to the destination; `part_files` names the copies in progress.
- `disk_space`, `disk_policy`, `backpressure`: measure free space, and decide when renderers must pause.

`stmpo.engine.delivery_queue` calls them in this order.
"""
