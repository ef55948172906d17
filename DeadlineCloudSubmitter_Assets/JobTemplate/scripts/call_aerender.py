"""Renders one task's frames by several renderers; see `stmpo.deadline.task`."""

import sys

from stmpo.deadline import session, task

sys.exit(session.run(task.main))
