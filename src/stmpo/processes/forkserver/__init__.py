"""The small process that holds every renderer of a run on Linux and macOS, whatever becomes of the orchestrator.

The orchestrator has threads, so it must not run Python between fork and exec; and when it is killed, somebody must
still be there to clear up. Both are the business of one single-threaded process that is started once a run:

    orchestrator ──socket──► warden ──fork──► keeper 01 ──fork, exec──► aerender ──► After Effects …
          └─────────────── control socket ───────┘

- The **warden** (`loop.py`) forks a keeper for every renderer and does nothing else until something dies.
- A **keeper** (`shim.py`) pins itself, starts the renderer, which inherits the pinning, and is the *subreaper* of the
  renderer's tree: a descendant that loses its parent becomes the keeper's child, even after `setsid` or a double fork.
  So the tree is empty exactly when `waitpid` tells the keeper that it has no children, and "kill all children, reap,
  repeat" ends every tree.

Who notices whose death, so that no single `kill -9` leaves a renderer running:

| killed       | noticed by                                   | what then happens                                        |
|--------------|----------------------------------------------|----------------------------------------------------------|
| launcher     | its keeper (`waitpid`)                       | reported; the keeper holds on to the rest of the tree    |
| keeper       | launcher: parent-death signal                | dies                                                     |
|              | warden: the tree's rest become its children  | kills every child of its own that is no keeper           |
| warden       | keepers: the lifeline pipe ends              | each kills its tree and exits                            |
| orchestrator | keepers: the control socket ends             | each kills its tree and exits; the warden then exits too |

macOS has neither subreaper nor parent-death signal: there a descendant that leaves both its parent and its process
group is beyond reach of the keeper; everything else holds.

This package imports nothing of stmpo and little of the standard library: it runs as a top-level package in a Python
that starts without `site`, in 10 to 20 ms.
"""
