"""Renders one task's frames by several renderers; see `stmpo.worker.render_task`."""

import sys

from stmpo.system import signals

signals.from_the_start()  # a task may be cancelled while the rest is loaded

from stmpo.worker import openjd_session, render_task  # noqa: E402

sys.exit(openjd_session.run(render_task.main))
