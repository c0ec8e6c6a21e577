/**
 * The transitions that no runtime of a test takes, and why: only tests of the chart alone do. A row has to go
 * once a runtime takes its transition, and no transition may be without both.
 *
 * @module
 */

import type { CoverageFile } from './coverageFile.ts';

type Rows = Readonly<Record<string, readonly (readonly [reason: string, ...labels: string[]])[]>>;

/** By machine: a reason, and the transitions that have it. */
const ROWS: Rows = {
  supervisor: [
    [
      'The second order to stop is the forced one, and the first has left this state by then: no runtime can be here when it comes.',
      'supervisor.starting --stop.forced--> supervisor.closing',
      'supervisor.startFailed --stop.forced--> supervisor.closing',
      'supervisor.running --stop.forced--> supervisor.closing',
    ],
    [
      'What it invokes rejects by a defect of the engine alone, and no test of a runtime plants one there.',
      'supervisor.starting.restoringComponents --xstate.error.actor.restoreComponents--> supervisor.startFailed',
      'supervisor.running.recovery.held --xstate.error.actor.recoverCrises--> (stays)',
      'supervisor.running.recovery.comparing --xstate.error.actor.recoverCrises--> (stays)',
      'supervisor.draining --xstate.error.actor.drain--> supervisor.closing',
    ],
    [
      'A component fails by a defect alone. Tests of runtimes plant one while all else is well; that it is met in this very moment is played on the chart.',
      'supervisor.starting --component.failed--> (stays)',
      'supervisor.startFailed --component.failed--> (stays)',
      'supervisor.running.recovery.considered --always[hasOperationsDown]--> supervisor.running.recovery.interrupted',
      'supervisor.running.recovery.comparing --xstate.done.actor.compareAnchor[hasOperationsDown]--> supervisor.running.recovery.interrupted',
      'supervisor.running.components.considered --always[isAnythingDown]--> supervisor.running.components.impaired',
      'supervisor.running.components.restarting --component.failed[isRestartedTooOften]--> (stays)',
      'supervisor.running.components.restarting --recovery.failed--> (stays)',
      'supervisor.running.components.impaired --component.failed--> (stays)',
      'supervisor.running.components.impaired --recovery.failed--> (stays)',
      'supervisor.running.components.impaired --restart.due--> (stays)',
    ],
    [
      'A restart of components, or the recovery, is met by a second failure in the same moment: random histories on failing disks may come to it, and the seeds that npm test runs do not.',
      'supervisor.running.recovery.recovering --component.failed[isRecoveryLost]--> supervisor.running.recovery.interrupted',
      'supervisor.running.components.restarting --component.failed[isKnownToBeDown]--> (stays)',
      'supervisor.running.components.restarting --component.failed--> (stays)',
      'supervisor.running.components.restarting --xstate.done.actor.restartComponents[isAnythingDown]--> supervisor.running.components.impaired',
      'supervisor.running.components.impaired --component.failed[isKnownToBeDown]--> (stays)',
      'supervisor.running.components.impaired --component.failed[canRestart]--> supervisor.running.components.restarting',
    ],
    [
      'The anchor is reached 30 s after the start at the earliest, and reading back has ended by then, but for a disk that is as slow: no test of a runtime makes the two meet.',
      'supervisor.running.recovery.recovering --hold.began--> (stays)',
      'supervisor.running.recovery.recovering --hold.released--> (stays)',
      'supervisor.running.recovery.interrupted --hold.began--> (stays)',
      'supervisor.running.recovery.interrupted --hold.released--> (stays)',
      'supervisor.running.recovery.recovered --always[isHeld]--> supervisor.running.recovery.paused',
    ],
    [
      'A drain of a runtime that is told to stop twice is cut short by the second order, which is the forced one.',
      'supervisor.draining --stop.requested--> (stays)',
    ],
  ],
  syncOperation: [
    [
      'A dead letter comes back by a write on its row: a pure transition decides it (machines/operation/repeatSafety.ts), and no actor takes it.',
      'syncOperation.deadLettered --replay.requested[canReplay]--> syncOperation.pending.queued.replayed',
    ],
    [
      'What was brought back is claimed like other work a moment after its write. This has to come in between, and no test of a runtime makes sure that it does.',
      'syncOperation.pending.queued.replayed --lane.freed--> syncOperation.pending.queued.waiting',
      'syncOperation.pending.queued.replayed --handler.registered--> syncOperation.pending.queued.waiting',
    ],
    [
      'The parent ends work on this event, and a round that has just begun has spent nothing: here it changes nothing, and no runtime sends it.',
      'syncOperation.pending.queued.replayed --attempts.exhausted--> (stays)',
      'syncOperation.pending.queued.replayed --giveup.due--> (stays)',
    ],
    [
      'It is in this state for as long as one write or one comparison in memory takes, and this has to come meanwhile: no test of a runtime makes sure that it does.',
      'syncOperation.pending.accepting --journal.committed[isGrantedUncompared]--> syncOperation.pending.comparing',
      'syncOperation.pending.accepting --journal.committed[isHandlerMissing]--> syncOperation.pending.handlerMissing',
      'syncOperation.pending.comparing --turn.revoked--> syncOperation.pending.queued.waiting',
      'syncOperation.pending.comparing --attempt.interrupted--> syncOperation.pending.queued.waiting',
      'syncOperation.pending.comparing --handler.missing--> syncOperation.pending.handlerMissing',
    ],
    [
      'After 72 hours in which its upstream was up: tests of runtimes play them for operations that back off, and the rule of turns is the same here.',
      'syncOperation.underWay --attempt.failed[isGivenUp]--> syncOperation.settling',
    ],
    [
      'The rule of turns is the same as where it waits or backs off, where runtimes take it; no test of a runtime brings one here in that condition.',
      'syncOperation.pending.queued --attempts.exhausted[hasMetConflict]--> syncOperation.pending.conflicted',
    ],
    [
      'A handler is taken away only by the start of another process, which a test of a runtime plays for operations that wait, and not for one in this state.',
      'syncOperation.pending.handlerMissing --handler.registered[isBeforeStart]--> syncOperation.pending.scheduled',
      'syncOperation.underWay.attempting --handler.missing--> syncOperation.pending.handlerMissing',
      'syncOperation.pending.inLane --handler.missing--> syncOperation.pending.handlerMissing',
    ],
    [
      'A handler far beyond its time-out is told to stop, and tests of runtimes have it fail in other ways; this answer, so late, is played on the chart.',
      'syncOperation.underWay.cancelling --lane.freed--> syncOperation.settling',
    ],
    [
      'An edit that rests is told of news about its record; no test of a runtime has them come at work while it is held.',
      'syncOperation.pending.conflicted --conflict.pending[isEdit]--> syncOperation.pending.queued.backingOff',
    ],
  ],
  conflict: [
    [
      'Nothing in the product sends this event: once a person is asked, a conflict is kept as a record, and its chart is over. To be used or deleted.',
      'conflict.detected --edit.left--> conflict.resolved',
      'conflict.fetching --edit.left--> conflict.resolved',
      'conflict.merging --edit.left--> conflict.resolved',
      'conflict.rebasing --record.changed[isDecided]--> (stays)',
      'conflict.rebasing --record.changed--> conflict.detected',
      'conflict.awaitingReview --person.decided--> conflict.rebasing',
      'conflict.awaitingReview --retry.requested--> conflict.detected',
      'conflict.awaitingReview --edit.left--> conflict.resolved',
      'conflict.quarantined --person.decided--> conflict.rebasing',
      'conflict.quarantined --retry.requested--> conflict.detected',
      'conflict.quarantined --edit.left--> conflict.resolved',
    ],
    [
      'The records that lead here are made by tests of the chart alone so far; tests of runtimes meet those that are older, newer or apart in other ways.',
      'conflict.detected --always[isCurrentKnown]--> conflict.classified',
      'conflict.fetching --current.fetched[isToBeAskedAgain]--> conflict.detected',
      'conflict.fetching --current.unreadable--> conflict.quarantined',
      'conflict.classified --always[isAtWork]--> conflict.resolved',
      'conflict.classified --always[isBehind]--> conflict.merging',
      'conflict.checkingInvariants --always[isUnsound]--> conflict.quarantined',
    ],
  ],
  crisis: [
    [
      'A parent goes on to the next step on this event; where none is left there is nothing to go on to, and no runtime sends it.',
      'crisis.escalation.open.telling.exhausted --step.due[hasNoStep]--> (stays)',
    ],
    [
      'The store refuses a record of a crisis only where it finds it damaged while it is written.',
      'crisis.record.untilOver.durable --record.refused--> crisis.record.untilOver.quarantined',
    ],
    [
      'It takes a handler that is gone, or fails, in the process that goes on with it, in just this state; played on the chart.',
      'crisis.delivery.underWay.callingOff --attempt.failed--> crisis.delivery.calledOff',
      'crisis.escalation.open.quiet --attempt.failed[isNotBeingSent]--> (stays)',
    ],
  ],
  circuitBreaker: [
    [
      'Several probes are out at once, and one fails that is no longer waited for: random histories may come to it, and the seeds that npm test runs do not.',
      'circuitBreaker.halfOpen --probe.failed[isProbeOut]--> (stays)',
    ],
    [
      'It takes two events of one probe that pass each other, or a probe that is answered with a time to wait; played on the chart, and on the flow with its real parts in test/actors/upstream.',
      'circuitBreaker.open --probe.failed[isAskedForTime]--> (stays)',
      'circuitBreaker.halfOpen --permit.requested--> (stays)',
      'circuitBreaker.halfOpen --probe.failed[isAskedForTime]--> (stays)',
      'circuitBreaker.halfOpen --cooldown.due[isCooldownOver]--> (stays)',
    ],
  ],
  degradation: [
    [
      'The level stays and its causes change, all within one measurement; played on the chart.',
      'degradation.normal --signals.measured[isNormalWanted]--> (stays)',
      'degradation.limited --signals.measured[isLimitedWanted]--> (stays)',
      'degradation.criticalOnly --signals.measured[isCriticalOnlyWanted]--> (stays)',
      'degradation.offline --signals.measured[isOfflineWanted]--> (stays)',
    ],
  ],
  scheduler: [
    [
      'A suspect runs alone within seconds of a start, and the store is found to be behind its anchor 30 s after it at the earliest.',
      'scheduler.intake.isolated --work.held--> scheduler.intake.notStarted',
    ],
    [
      'Trials, overload and learned rates take minutes of load that answers in certain ways; the flow is played so with its real parts in test/actors/upstream, without an engine.',
      'scheduler.pace.trying --overload.detected--> scheduler.pace.overloaded',
      'scheduler.pace.trying --outage.began--> scheduler.pace.down',
      'scheduler.pace.overloaded --overload.detected--> (stays)',
      'scheduler.pace.overloaded --ramp.ended--> scheduler.pace.steady',
      'scheduler.pace.overloaded --trial.began--> scheduler.pace.trying',
      'scheduler.rate.limited --rate.learned--> (stays)',
    ],
  ],
  storageHealth: [
    [
      'The store refuses a batch as damaged that it had left unanswered so long that it was held to hang.',
      'storageHealth.hanging --write.refused--> storageHealth.slow',
    ],
  ],
};

export const ONLY_BY_CHART_TESTS: CoverageFile['onlyByChartTests'] = Object.entries(ROWS).flatMap(
  ([machine, rows]) =>
    rows.flatMap(([reason, ...labels]) => labels.map((label) => ({ machine, label, reason }))),
);
