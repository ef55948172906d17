"""Run a prepared job to its summary: resume, plan, render, account.

    journal and disk ─► ledger ─► plan for the missing frames ─► orchestrator ─► summary
                                                                     ▲
                                                signals (SIGTERM, SIGINT, CTRL_BREAK)

`stmpo.api` calls `render`, for the command line and for the worker's scripts. This module owns the order of
these steps, and the end of scratch: it is removed when everything is delivered; otherwise it is kept and
named.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

import stmpo
from stmpo.delivery.extra_files import EXTRA_FOLDER
from stmpo.delivery.scratch import Scratch
from stmpo.engine import resume
from stmpo.engine.cancel import canceller, or_cancelled
from stmpo.engine.ledger import FrameState, Ledger
from stmpo.engine.orchestrator import RendererSetup, Run
from stmpo.engine.reporter import Reporter
from stmpo.engine.run_context import RunContext, RunEnd
from stmpo.engine.strategy_choice import StrategyChoice, choose_strategy
from stmpo.engine.warning_policy import WarningPolicy, describe
from stmpo.history import cost_cache, sharing_cache
from stmpo.history.journal_model import History, PastRun
from stmpo.model.errors import ExitCode, StmpoError
from stmpo.model.events import Event, Level, RunEnded, RunStarted
from stmpo.model.frames import FrameSet
from stmpo.model.text import plural
from stmpo.planning import Plan, PlanRequest, make_plan
from stmpo.processes import containment
from stmpo.reporting import plan_text
from stmpo.reporting.summary import Summary
from stmpo.scheduling.registry import make_strategy
from stmpo.scheduling.throughput import fewer_were_faster
from stmpo.system.signals import SignalHandlers, handling_signals, ignore_signal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from stmpo.engine.prepare import PreparedRun
    from stmpo.history.journal import Journal
    from stmpo.scheduling.cost_history import CostHistory
    from stmpo.scheduling.protocol import Strategy


def render(prepared: PreparedRun, emit: Callable[[Event], None], *, session: Path | None = None) -> Summary:
    """Render to the end and return what was achieved. The last event is emitted before this returns.

    `session` is the OpenJD session's working folder: a cancel leaves a file there that says how much time it
    grants.

    Raises:
        StmpoError: the user has to act; it may come before or while rendering. All processes are gone then.
    """
    began = time.monotonic()
    policy = WarningPolicy.of(
        prepared.options, continue_on_missing_footage=prepared.job.continue_on_missing_footage
    )
    reporter = Reporter(emit, prepared.redact, policy)
    try:
        with handling_signals() as signals:
            scratch = Scratch.create(prepared.scratch_root)
            try:
                with containment():
                    summary = asyncio.run(
                        _render(prepared, reporter, scratch, session=session, began=began, signals=signals)
                    )
            finally:
                if not scratch.leftovers():
                    scratch.remove()
    finally:
        prepared.journal.close()
        prepared.output_lock.close()
    emit(RunEnded(summary.exit_code is ExitCode.OK, tuple(summary.lines())))
    return summary


async def _render(
    prepared: PreparedRun,
    reporter: Reporter,
    scratch: Scratch,
    *,
    session: Path | None,
    began: float,
    signals: SignalHandlers,
) -> Summary:
    job, options, journal = prepared.job, prepared.options, prepared.journal
    for note in prepared.notes:
        reporter.say(Level.INFO, note)
    frames = job.frames if job.frames is not None else FrameSet((0,))
    ledger = Ledger(FrameSet(frames.frames[:1]) if job.single_file else frames)
    history, past = _history(prepared, reporter), journal.runs()
    earlier = await or_cancelled(resume.find_earlier_frames(job, options, ledger, history, past), signals)
    known = _known_costs(prepared, reporter)
    journal.keep_copy(scratch.journal_copy)
    journal.begin(
        job,
        prepared.version,
        run=prepared.run,
        fresh=not options.resume,
        about={"stmpo": stmpo.__version__, "frames": frames, "scratch": str(scratch.path)},
    )
    adopted = {found.frame for found in earlier.adoptable}
    wanted = FrameSet(tuple(f for f in ledger.frames(FrameState.PENDING) if f not in adopted))
    plan = _plan(prepared, len(wanted), known, reporter)
    choice = await or_cancelled(_choose(prepared, wanted, len(plan.slots), known, reporter), signals)
    strategy = _make_strategy(choice, prepared, wanted, len(plan.slots), known)
    context = RunContext(
        job=job,
        options=options,
        run_id=prepared.run,
        ledger=ledger,
        journal=journal,
        scratch=scratch,
        strategy=strategy,
        reporter=reporter,
        run_end=RunEnd(reporter),
        attempts={},
        version=prepared.version,
    )
    setup = RendererSetup(prepared.renderer, prepared.environment, prepared.launch_hints)
    run = Run(context, plan, setup, earlier)
    for frame, there in earlier.delivered.items():
        run.deliveries.files.note(frame, there.name, there.mark)
    for found in earlier.adoptable:
        run.deliveries.send(found.frame, found.found, found.file)
    reporter.emit(
        RunStarted(
            title=job.title,
            output=str(job.output),
            total=len(ledger),
            resumed=earlier.count,
            slots=len(plan.slots),
            reasons=_plan_reasons(plan, choice) if wanted.frames else (),
        )
    )
    if not wanted.frames and not earlier.adoptable:
        where = "is" if len(ledger) == 1 else "are"
        text = f"{plural(len(ledger), 'frame')} {where} rendered already; --no-resume renders them again"
        reporter.say(Level.INFO, f"nothing to do: {text}")
    signals.callback = canceller(run, session, journal.path)
    try:
        reason = await run.go()
    finally:
        signals.callback = ignore_signal
    kept = _clean_up(prepared, ledger, scratch, past, extra=run.collector.extra_folder)
    if not kept and not run.collector.extra_folder and scratch.path.exists():
        text = f"scratch could not be removed: {scratch.path}; remove it yourself (see lsattr and its owner)"
        reporter.say(Level.WARNING, text)
    elapsed = time.monotonic() - began
    summary = _summary(prepared, run, reason, known, resumed=earlier.count, kept=kept, elapsed=elapsed)
    _save_costs(prepared, reporter)
    _note_sharing(prepared, run, choice)
    _finish_journal(journal, summary, reporter)
    return summary


def _history(prepared: PreparedRun, reporter: Reporter) -> History:
    """Return what earlier runs left. Frames of an earlier version of the project do not count."""
    if not prepared.options.resume:
        return History()
    history = prepared.journal.history(prepared.job, prepared.version)
    if history.other_version:
        name = prepared.job.project.name
        text = f"{name} has changed since frames were rendered from it; those are rendered again"
        reporter.say(Level.WARNING, text)
    return history


def _known_costs(prepared: PreparedRun, reporter: Reporter) -> CostHistory:
    """Return what earlier runs say of costs: the journal, then the cost file, which has the last word."""
    known = prepared.journal.cost_history(prepared.job, prepared.version)
    if prepared.cost_file is not None:
        try:
            known.update(cost_cache.read(prepared.cost_file, prepared.version))
        except (OSError, ValueError) as error:
            text = f"the costs in {prepared.cost_file} cannot be read: {error}"
            reporter.say(Level.WARNING, text)
    return known


def _save_costs(prepared: PreparedRun, reporter: Reporter) -> None:
    """Add the costs of this run to the cost file, if one is wanted."""
    if prepared.cost_file is None:
        return
    found = prepared.journal.cost_history(prepared.job, prepared.version, run=prepared.run)
    if not found.costs and not found.start_ups:
        return
    try:
        cost_cache.write(prepared.cost_file, prepared.job, prepared.version, found)
    except OSError as error:
        text = f"the costs cannot be kept in {prepared.cost_file}: {error.strerror or error}"
        reporter.say(Level.WARNING, text)


def _plan(prepared: PreparedRun, wanted: int, known: CostHistory, reporter: Reporter) -> Plan:
    request = PlanRequest.of(
        prepared.options,
        frames=max(1, wanted),
        single_file=prepared.job.single_file,
        learned_peak=known.peak_memory,
        learned_most=(known.most_processes, known.most_reason),
    )
    plan = make_plan(prepared.machine, request)
    for warning in (*prepared.warnings, *plan.warnings):
        reporter.say(Level.WARNING, warning)
    return plan


async def _choose(
    prepared: PreparedRun, wanted: FrameSet, slots: int, known: CostHistory, reporter: Reporter
) -> StrategyChoice:
    choice = await choose_strategy(
        prepared.options.strategy,
        prepared.job,
        prepared.renderer,
        prepared.environment,
        frames=wanted,
        slots=slots,
        known=known,
    )
    if choice.warning:
        reporter.say(Level.WARNING, choice.warning)
    return choice


def _make_strategy(
    choice: StrategyChoice, prepared: PreparedRun, wanted: FrameSet, slots: int, known: CostHistory
) -> Strategy:
    return make_strategy(
        choice.name,
        wanted,
        slots,
        record=known.costs,
        sure=known.sure,
        start_up=known.start_up,
        spawn_delay=prepared.options.spawn_delay,
    )


def _plan_reasons(plan: Plan, choice: StrategyChoice) -> tuple[str, ...]:
    """Return how many renderers there are and why, with every limit, what the plan leaves unused, and how the
    frames are divided.
    """
    others = "; ".join(f"{limit.name} {limit.processes}" for limit in plan.limits)
    rule = f"strategy: {choice.name}, since {choice.reason}"
    return (
        f"{plan_text.headline(plan)} ({others})",
        *plan_text.notes(plan),
        *((rule,) if choice.reason else ()),
    )


def _note_sharing(prepared: PreparedRun, run: Run, choice: StrategyChoice) -> None:
    """Remember that this version's renderers do not share a folder's frames out, if this run has shown it."""
    if choice.version and run.dispatcher.sharing_ended and run.dispatcher.blames_version:
        path = sharing_cache.sharing_file(prepared.environment)
        sharing_cache.note(path, choice.version, run.dispatcher.sharing_ended)


def _clean_up(
    prepared: PreparedRun, ledger: Ledger, scratch: Scratch, past: Sequence[PastRun], *, extra: str
) -> str:
    """Remove scratch if nothing in it is needed. Return the folder that was kept, or an empty string.

    `extra` is the folder in it with files that were not asked for, or empty.
    """
    if not ledger.complete and scratch.leftovers():
        return str(scratch.path)
    gone = resume.sweep_scratch(past) if ledger.complete else []
    if extra:
        scratch.remove_except(EXTRA_FOLDER)
    elif scratch.remove():
        gone = [*gone, scratch.path]
    for folder in gone:
        prepared.journal.write("removed", scratch=str(folder))
    return ""


def _finish_journal(journal: Journal, summary: Summary, reporter: Reporter) -> None:
    numbers = {
        name: value
        for name, value in summary.as_json().items()
        if name not in {"title", "output", "findings"}
    }
    journal.write("finished", **numbers)
    if notice := journal.take_notice():
        reporter.say(Level.WARNING, notice)
    if lost := journal.unwritten:
        text = f"{lost} lines could not be written to the journal {journal.path}: the next run may render frames again"
        reporter.say(Level.WARNING, text)


def _summary(
    prepared: PreparedRun,
    run: Run,
    reason: StmpoError | None,
    known: CostHistory,
    *,
    resumed: int,
    kept: str,
    elapsed: float,
) -> Summary:
    """Return what the run achieved. `known` are the costs known before it, `elapsed` is in seconds."""
    ledger, strategy, reporter = run.context.ledger, run.context.strategy, run.context.reporter
    costs, start_ups = ledger.costs(), run.start_ups
    done = {FrameState.DELIVERED, FrameState.FAILED}
    return Summary(
        exit_code=ExitCode.OK if reason is None else reason.exit_code,
        reason="" if reason is None else str(reason),
        title=prepared.job.title,
        output=str(prepared.job.output),
        total=len(ledger),
        delivered=ledger.count(FrameState.DELIVERED),
        resumed=resumed,
        failed=tuple(run.outcomes.failed),
        missing=ledger.frames(*(state for state in FrameState if state not in done)).frames,
        elapsed=elapsed,
        processes=len(run.slots_used),
        starts=run.supervisor.starts,
        retries=run.retries.retried,
        strategy=strategy.name,
        steals=run.dispatcher.steals,
        rendered_twice=run.dispatcher.rendered_twice,
        start_up=sum(start_ups) / len(start_ups) if start_ups else None,
        frame_cost=sum(costs) / len(costs) if costs else None,
        too_many=_too_many(prepared, run, known),
        peak_memory=run.monitor.peak_memory,
        journal=str(prepared.journal.path),
        kept=kept,
        warnings={kind.value: count for kind, count in reporter.warnings.by_kind().items()},
        warned=describe(reporter.warnings.by_kind()),
        findings=tuple(asdict(finding) for finding in reporter.findings.values()),
        extra=run.collector.extra_folder,
        blank=_blank(prepared, reporter),
    )


def _blank(prepared: PreparedRun, reporter: Reporter) -> tuple[int, ...]:
    """Return the frames of the job that lie outside the comp, as far as a renderer has said so."""
    asked = prepared.job.frames
    return tuple(sorted(reporter.blank if asked is None else reporter.blank.intersection(asked)))


def _too_many(prepared: PreparedRun, run: Run, known: CostHistory) -> str:
    """Return the advice to use fewer processes, if this run or an earlier one shows that they are faster."""
    now = prepared.journal.cost_history(prepared.job, prepared.version, run=prepared.run)
    earlier = {frame: (count, known.costs[frame]) for frame, count in known.processes.items()}
    if found := fewer_were_faster(earlier, now.costs, len(run.slots_used)):
        best, most = found
        return (
            f"{most.processes} processes together rendered {most.frames_per_second:.2f} frames/s, {best.processes} in an"
            f" earlier run {best.frames_per_second:.2f}: try --concurrency {best.processes}"
        )
    if fewer := run.monitor.contention.fewer():
        count, faster = fewer
        return (
            f"the processes slow each other down: {count} together would be about {faster:.1f} times as fast;"
            f" try --concurrency {count}"
        )
    return ""
