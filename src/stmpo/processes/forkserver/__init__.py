"""The small process that contains every renderer of a run on Linux and macOS, even after `kill -9`.

The orchestrator has threads, so it must not run Python between fork and exec. And if it is killed, another
process must still end its renderers. Small single-threaded processes, started once per run, do both:

    orchestrator ──► guard ──► fork server ──fork──► shim 01 ──fork, exec──► aerender ──► After Effects …
          │                         │                   │
          └───────── socket ────────┘                   │
          └────────────────── control socket ───────────┘

- The **guard** (`guard.py`, Linux) is the fork server's parent. It ends what killed or stopped ones below it
  leave.
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
| guard        | fork server: parent-death signal          | dies; then as above                            |
| orchestrator | shims: the control socket ends            | the same; then the fork server exits           |
|              | guard: a pipe ends                        | ends all that is left after 1.2 s              |

A process that a renderer has stopped (SIGSTOP) is continued by its parent, and when its parent ends. A shim
that does not end its tree in time is killed, and so is the fork server; the parent kills what they leave.

If several are killed at once, the nearest living ancestor gets what they leave and kills it. On Linux the
fork server is the first process of a PID namespace, if this program may make one (`namespace.py`): then its
end is the end of all renderers, and that holds even if all of these processes are killed at once.

The lifeline is a pipe that every shim reads and of which only the fork server has the write end.

macOS has neither subreaper nor parent-death signal. There a descendant that leaves both its parent and its
process group is beyond the shim's reach; everything else holds.

This package imports nothing of stmpo and little of the standard library: it runs as a top-level package in a
Python that starts without `site`, in 10 to 20 ms.
"""
