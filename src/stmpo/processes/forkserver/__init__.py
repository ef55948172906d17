"""The small process that contains every renderer of a run on Linux and macOS, even after `kill -9`.

The orchestrator has threads, so it must not run Python between fork and exec. And if it is killed, another
process must still end its renderers. One single-threaded process, started once per run, does both:

    orchestrator ──socket──► fork server ──fork──► shim 01 ──fork, exec──► aerender ──► After Effects …
          └────────────────── control socket ────────┘

- The **fork server** (`server.py`) forks a shim per renderer and otherwise sleeps until a child changes.
- A **shim** (`shim.py`) pins itself and starts the renderer, which inherits the pinning. It is the
  *subreaper* of the renderer's tree: a descendant that loses its parent becomes the shim's child, even after
  `setsid` or a double fork. So the tree is empty exactly when `waitpid` reports that the shim has no
  children, and "kill all children, reap, repeat" ends every tree.

No single `kill -9` leaves a renderer running:

| killed       | noticed by                                | what then happens                              |
|--------------|-------------------------------------------|------------------------------------------------|
| launcher     | its shim (`waitpid`)                      | reported; the shim keeps the rest of the tree  |
| shim         | launcher: parent-death signal             | dies                                           |
|              | fork server: the rest become its children | kills its children that are not shims          |
| fork server  | shims: the lifeline pipe ends             | each kills its tree and exits                  |
| orchestrator | shims: the control socket ends            | the same; then the fork server exits           |

The lifeline is a pipe that every shim reads and of which only the fork server has the write end.

macOS has neither subreaper nor parent-death signal. There a descendant that leaves both its parent and its
process group is beyond the shim's reach; everything else holds.

This package imports nothing of stmpo and little of the standard library: it runs as a top-level package in a
Python that starts without `site`, in 10 to 20 ms.
"""
