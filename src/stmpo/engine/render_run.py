"""One run from checked input to summary: resume, plan, render, account.

    journal and disk ─► ledger ─► plan for what is missing ─► orchestrator ─► summary
                                                                  ▲
                                             signals (SIGTERM, SIGINT, CTRL_BREAK)

This is the function that the command line and the worker's scripts call. It owns the order of things and the cleaning
up: scratch is removed when everything is delivered, and kept and named when not.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import stmpo
from stmpo.delivery.scratch import Scratch
from stmpo.engine import resume
from stmpo.engine.cancel import canceller, or_cancelled
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.engine.orchestrator import RendererSetup, Run
from stmpo.engine.reporter import Reporter
from stmpo.engine.run_context import RunContext, RunEnd
from stmpo.engine.strategy_choice import choose_strategy
from stmpo.history import cost_cache
from stmpo.history.journal_model import History, PastRun
from stmpo.model.errors import ExitCode, StmpoError
from stmpo.model.events import Event, Level, Message, RunEnded, RunStarted
from stmpo.model.frames import FrameSet
from stmpo.planning import Plan, PlanRequest, make_plan
from stmpo.processes import containment
from stmpo.reporting import plan_text
from stmpo.reporting.summary import Summary
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.throughput import Rate, fewer_were_faster
from stmpo.system.signals import SignalHandlers, handling_signals, ignore_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stmpo.engine.prepare import PreparedRun
    from stmpo.scheduling.cost_history import CostHistory


def render(intake: PreparedRun, emit: Callable[[Event], None], *, session: Path | None = None) -> Summary:
    """Run to the end and return what was achieved; the last events are told.

    `session` is the OpenJD session's working folder, where a cancel leaves word of how much time it grants.

    Raises:
        StmpoError: something a user can act on, before or while rendering; processes are gone then.
    """
    began = time.monotonic()
    try:
        with handling_signals() as signals:
            scratch = Scratch.create(intake.scratch_root)
            try:
                with containment():
                    summary = asyncio.run(
                        _render(intake, emit, scratch, session=session, began=began, signals=signals)
                    )
            finally:
                if not scratch.leftovers():
                    scratch.remove()
    finally:
        intake.journal.close()
    emit(RunEnded(summary.exit_code is ExitCode.OK, tuple(summary.lines())))
    return summary


async def _render(
    intake: PreparedRun,
    emit: Callable[[Event], None],
    scratch: Scratch,
    *,
    session: Path | None,
    began: float,
    signals: SignalHandlers,
) -> Summary:
    job, options = intake.job, intake.options
    for note in intake.notes:
        emit(Message(Level.INFO, note))
    frames = job.frames if job.frames is not None else FrameSet((0,))
    ledger = Ledger(FrameSet(frames.frames[:1]) if job.single_file else frames)
    history, past = _history(intake, emit), intake.journal.runs()
    earlier = await or_cancelled(resume.find_earlier_frames(job, options, ledger, history, past), signals)
    learned = _learned(intake, emit)
    intake.journal.begin(
        job,
        intake.version,
        run=intake.run,
        fresh=not options.resume,
        about={"stmpo": stmpo.__version__, "frames": frames, "scratch": str(scratch.path)},
    )
    adopted = {found.frame for found in earlier.adoptable}
    wanted = FrameSet(tuple(f for f in ledger.frames(FrameState.PENDING) if f not in adopted))
    plan = _plan(intake, len(wanted), learned.peak_memory, emit)
    rule, why = choose_strategy(options.strategy, job, intake.renderer, intake.environment)
    if why:
        emit(Message(Level.WARNING, why))
    strategy = make_strategy(
        rule,
        wanted,
        len(plan.slots),
        record=learned.costs,
        sure=learned.sure,
        start_up=learned.start_up,
        spawn_delay=options.spawn_delay,
    )
    reporter = Reporter(emit, intake.redact)
    context = RunContext(
        job=job,
        options=options,
        run_id=intake.run,
        ledger=ledger,
        journal=intake.journal,
        scratch=scratch,
        strategy=strategy,
        reporter=reporter,
        run_end=RunEnd(reporter),
        attempts={},
    )
    run = Run(context, plan, RendererSetup(intake.renderer, intake.environment), earlier)
    for found in earlier.adoptable:
        run.deliveries.send(found.frame, found.found, found.file)
    emit(
        RunStarted(
            title=job.title,
            output=str(job.output),
            total=len(ledger),
            resumed=earlier.count,
            slots=len(plan.slots),
            reasons=_reasons(plan) if wanted.frames else (),
        )
    )
    signals.callback = canceller(run, session, intake.journal.path)
    try:
        reason = await run.go()
    finally:
        signals.callback = ignore_signal
    kept = _clean_up(intake, ledger, scratch, past)
    elapsed = time.monotonic() - began
    summary = _summary(
        intake, ledger, run, reason, learned=learned, kept=kept, resumed=earlier.count, elapsed=elapsed
    )
    _leave_costs(intake, emit)
    numbers = {name: value for name, value in summary.as_json().items() if name not in {"title", "output"}}
    intake.journal.write("finished", **numbers)
    if lost := intake.journal.unwritten:
        text = f"{lost} lines could not be written to the journal {intake.journal.path}: the next run may render frames again"
        emit(Message(Level.WARNING, text))
    return summary


def _learned(intake: PreparedRun, emit: Callable[[Event], None]) -> CostHistory:
    """What earlier runs have found out: by the journal, and by the file that travels, which has the last word."""
    learned = intake.journal.cost_history(intake.job, intake.version)
    if intake.cost_file is not None:
        try:
            learned.update(cost_cache.read(intake.cost_file, intake.version))
        except (OSError, ValueError) as error:
            emit(Message(Level.WARNING, f"the costs in {intake.cost_file} cannot be read: {error}"))
    return learned


def _leave_costs(intake: PreparedRun, emit: Callable[[Event], None]) -> None:
    """Add what this run has found out to the file that travels, where one is wanted."""
    if intake.cost_file is None:
        return
    found = intake.journal.cost_history(intake.job, intake.version, run=intake.run)
    if not found.costs and not found.start_ups:
        return
    try:
        cost_cache.write(intake.cost_file, intake.job, intake.version, found)
    except OSError as error:
        why = error.strerror or error
        emit(Message(Level.WARNING, f"the costs cannot be kept in {intake.cost_file}: {why}"))


def _summary(
    intake: PreparedRun,
    ledger: Ledger,
    run: Run,
    reason: StmpoError | None,
    *,
    learned: CostHistory,
    kept: str,
    resumed: int,
    elapsed: float,
) -> Summary:
    """`learned` is what was known before; `elapsed` is seconds."""
    now = intake.journal.cost_history(intake.job, intake.version, run=intake.run)
    costs, start_ups = ledger.costs(), run.start_ups
    return Summary(
        exit_code=ExitCode.OK if reason is None else reason.exit_code,
        reason="" if reason is None else str(reason),
        title=intake.job.title,
        output=str(intake.job.output),
        total=len(ledger),
        delivered=ledger.count(FrameState.DELIVERED),
        resumed=resumed,
        failed=tuple(run.outcomes.failed),
        missing=tuple(f for f in ledger.frames(*FrameState) if _is_missing(ledger, f)),
        elapsed=elapsed,
        processes=len(run.slots_used),
        starts=run.supervisor.starts,
        retries=run.book.retried,
        strategy=run.strategy_name,
        steals=run.dispatcher.steals,
        rendered_twice=run.dispatcher.rendered_twice,
        start_up=sum(start_ups) / len(start_ups) if start_ups else None,
        frame_cost=sum(costs) / len(costs) if costs else None,
        too_many=_too_many(run, learned, now),
        peak_memory=run.monitor.peak_memory,
        journal=str(intake.journal.path),
        kept=kept,
    )


def _too_many(run: Run, before: CostHistory, now: CostHistory) -> str:
    """What this run, or the one before beside this one, says about the number of processes."""
    earlier = {frame: (count, before.costs[frame]) for frame, count in before.processes.items()}
    seen = run.monitor.throughput
    found = seen.too_many() or fewer_were_faster(earlier, now.costs, len(run.slots_used))
    made = "made"
    if found is None and (hindered := run.monitor.contention.fewer()) and (most := seen.most()):
        count, faster = hindered
        found, made = (Rate(count, faster * most.frames_per_second), most), "would make about"
    if found is None:
        return ""
    best, most = found
    return (
        f"{most.processes} processes together made {most.frames_per_second:.2f} frames/s, {best.processes} {made}"
        f" {best.frames_per_second:.2f}: try --concurrency {best.processes}"
    )


def _is_missing(ledger: Ledger, frame: int) -> bool:
    return ledger[frame].state not in {FrameState.DELIVERED, FrameState.FAILED}


def _history(intake: PreparedRun, emit: Callable[[Event], None]) -> History:
    """What earlier runs left. A project that was saved since makes them another version, whose frames do not count."""
    if not intake.options.resume:
        return History()
    history = intake.journal.history(intake.job, intake.version)
    if history.other_version:
        emit(
            Message(
                Level.WARNING,
                f"{intake.job.project.name} has changed since frames were rendered from it; those are rendered again",
            )
        )
    return history


def _plan(intake: PreparedRun, wanted: int, learned_peak: int, emit: Callable[[Event], None]) -> Plan:
    request = PlanRequest.of(
        intake.options,
        frames=max(1, wanted),
        single_file=intake.job.single_file,
        learned_peak=learned_peak,
    )
    plan = make_plan(intake.machine, request)
    for warning in (*intake.warnings, *plan.warnings):
        emit(Message(Level.WARNING, warning))
    return plan


def _reasons(plan: Plan) -> tuple[str, ...]:
    """How many renderers and why, every limit included, and what of the machine is left out."""
    others = "; ".join(f"{limit.name} {limit.processes}" for limit in plan.limits)
    return (f"{plan_text.headline(plan)} ({others})", *plan_text.notes(plan))


def _clean_up(intake: PreparedRun, ledger: Ledger, scratch: Scratch, past: Sequence[PastRun]) -> str:
    """Remove scratch when the ledger says that nothing in it is needed. Returns the folder that was kept, or ''."""
    if ledger.complete:
        gone = [*resume.sweep_scratch(past), *([scratch.path] if scratch.remove() else [])]
    elif scratch.leftovers():
        return str(scratch.path)
    else:
        gone = [scratch.path] if scratch.remove() else []
    for folder in gone:
        intake.journal.write("removed", scratch=str(folder))
    return ""
