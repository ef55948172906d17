"""Render one task of a job with several renderers; see `stmpo.worker.render_task`."""

import sys

from stmpo.system import signals

signals.install_program_handlers()  # a task may be cancelled while modules load

from stmpo.worker import openjd_session, render_task  # noqa: E402

sys.exit(openjd_session.run_script(render_task.main))
