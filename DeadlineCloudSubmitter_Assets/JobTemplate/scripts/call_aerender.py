"""Renders one task's frames by several renderers; see `stmpo.deadline.task`."""

import sys

from stmpo import signals

signals.from_the_start()  # a task may be cancelled while the rest is loaded

from stmpo.deadline import session, task  # noqa: E402

sys.exit(session.run(task.main))
