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
      'supervisor.draining --xstate.error.actor.drain--> supervisor.closing',
    ],
    [
      'A component fails by a defect alone. Tests of runtimes plant one while all else is well; that it is met in this very moment is played on the chart.',
      'supervisor.starting --component.failed--> (stays)',
      'supervisor.startFailed --component.failed--> (stays)',
      'supervisor.running.recovery.considered --always[hasOperationsDown]--> supervisor.running.recovery.interrupted',
      'supervisor.running.components.considered --always[isAnythingDown]--> supervisor.running.components.impaired',
      'supervisor.running.components.restarting --recovery.failed--> (stays)',
      'supervisor.running.components.impaired --component.failed--> (stays)',
      'supervisor.running.components.impaired --recovery.failed--> (stays)',
      'supervisor.running.components.impaired --restart.due--> (stays)',
    ],
    [
      'A drain of a runtime that is told to stop twice is cut short by the second order, which is the forced one.',
      'supervisor.draining --stop.requested--> (stays)',
    ],
  ],
  syncOperation: [
    [
      'A dead letter comes back by a write on its row: a pure transition decides it (machines/operation/broughtBack.ts), and no actor takes it.',
      'syncOperation.deadLettered --replay.requested[canReplay]--> syncOperation.replayed',
    ],
    [
      'What was brought back is claimed like other work a moment after its write. This has to come in between, and no test of a runtime makes sure that it does.',
      'syncOperation.replayed --rate.limited--> syncOperation.rateLimited',
      'syncOperation.replayed --lane.freed--> syncOperation.waiting',
      'syncOperation.replayed --handler.registered--> syncOperation.waiting',
      'syncOperation.replayed --handler.missing--> syncOperation.handlerMissing',
      'syncOperation.replayed --repeat.unsafe--> syncOperation.inReview',
      'syncOperation.replayed --cancel.requested--> syncOperation.settling',
      'syncOperation.replayed --expiry.due--> syncOperation.settling',
    ],
    [
      'What is suspect has its turn within seconds. An order that comes in between is given to one that rests, and no test of a runtime makes sure of the moment.',
      'syncOperation.suspect --cancel.requested--> syncOperation.settling',
    ],
    [
      'It is in this state for as long as one write or one comparison in memory takes, and this has to come meanwhile: no test of a runtime makes sure that it does.',
      'syncOperation.accepting --journal.committed[isGrantedUncompared]--> syncOperation.comparing',
      'syncOperation.accepting --journal.committed[isHandlerMissing]--> syncOperation.handlerMissing',
      'syncOperation.accepting --cancel.requested--> syncOperation.settling',
      'syncOperation.accepting --expiry.due--> syncOperation.settling',
      'syncOperation.comparing --turn.revoked--> syncOperation.waiting',
      'syncOperation.comparing --attempt.interrupted--> syncOperation.waiting',
      'syncOperation.comparing --handler.missing--> syncOperation.handlerMissing',
      'syncOperation.comparing --cancel.requested--> syncOperation.settling',
      'syncOperation.comparing --expiry.due--> syncOperation.settling',
      'syncOperation.ordering --expiry.due--> syncOperation.settling',
    ],
    [
      'After 72 hours in which its upstream was up: tests of runtimes play them for operations that back off, and the rule of turns is the same here.',
      'syncOperation.attempting --attempt.failed[isGivenUp]--> syncOperation.settling',
      'syncOperation.overhanging --attempt.failed[isGivenUp]--> syncOperation.settling',
      'syncOperation.rateLimited --giveup.due--> syncOperation.settling',
      'syncOperation.waiting --giveup.due--> syncOperation.settling',
    ],
    [
      'What was in flight at a crash gets its turn first thing after the start. That turn ends otherwise only where policies or handlers have changed meanwhile, which no test of a runtime plays together.',
      'syncOperation.suspect --turn.granted[isToBeCompared]--> syncOperation.comparing',
      'syncOperation.suspect --rate.limited--> syncOperation.rateLimited',
      'syncOperation.suspect --attempts.exhausted[hasMetConflict]--> syncOperation.conflicted',
      'syncOperation.suspect --attempts.exhausted--> syncOperation.settling',
      'syncOperation.suspect --expiry.due--> syncOperation.settling',
    ],
    [
      'The rule of turns is the same as where it waits or backs off, where runtimes take it; no test of a runtime brings one here in that condition.',
      'syncOperation.waiting --attempts.exhausted[hasMetConflict]--> syncOperation.conflicted',
      'syncOperation.waiting --attempts.exhausted--> syncOperation.settling',
      'syncOperation.backingOff --attempts.exhausted[hasMetConflict]--> syncOperation.conflicted',
      'syncOperation.rateLimited --turn.granted[isToBeCompared]--> syncOperation.comparing',
      'syncOperation.rateLimited --attempts.exhausted[hasMetConflict]--> syncOperation.conflicted',
      'syncOperation.rateLimited --attempts.exhausted--> syncOperation.settling',
      'syncOperation.rateLimited --repeat.unsafe--> syncOperation.inReview',
      'syncOperation.rateLimited --handler.missing--> syncOperation.handlerMissing',
    ],
    [
      'A handler is taken away only by the start of another process, which a test of a runtime plays for operations that wait, and not for one in this state.',
      'syncOperation.handlerMissing --handler.registered[isBeforeStart]--> syncOperation.scheduled',
      'syncOperation.handlerMissing --cancel.requested--> syncOperation.settling',
      'syncOperation.attempting --handler.missing--> syncOperation.handlerMissing',
      'syncOperation.inLane --handler.missing--> syncOperation.handlerMissing',
    ],
    [
      'A handler far beyond its time-out is told to stop, and tests of runtimes have it fail in other ways; this answer, so late, is played on the chart.',
      'syncOperation.overhanging --attempt.failed[isConflict]--> syncOperation.conflicted',
      'syncOperation.overhanging --attempt.failed[isPermanent]--> syncOperation.settling',
      'syncOperation.overhanging --attempt.failed[isConflictAfterAll]--> syncOperation.conflicted',
      'syncOperation.overhanging --attempt.failed--> syncOperation.settling',
      'syncOperation.cancelling --lane.freed--> syncOperation.settling',
    ],
    [
      'An edit that rests is told of news about its record; no test of a runtime has them come at work while it is held.',
      'syncOperation.conflicted --conflict.pending[isEdit]--> syncOperation.backingOff',
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
      'It is in this state for no time.',
      'crisis.escalation.notifyDue --attempt.succeeded[isBeingSent]--> crisis.escalation.ended',
      'crisis.escalation.notifyDue --callOff.requested--> crisis.escalation.ended',
      'crisis.escalation.notifyDue --acknowledgement.given[canBeTakenOn]--> crisis.escalation.acknowledged',
      'crisis.escalation.notifyDue --acknowledgement.given--> (stays)',
      'crisis.escalation.notifyDue --callOff.proposed--> (stays)',
      'crisis.escalation.notifyDue --safety.said--> (stays)',
      'crisis.escalation.notifyDue --step.notified--> crisis.escalation.awaitingAcknowledgement',
      'crisis.escalation.notifyDue --step.failed--> (stays)',
      'crisis.escalation.notifyDue --step.woken--> (stays)',
    ],
    [
      'It takes another process whose chain lacks a step that the last one was calling, or was to call again.',
      'crisis.escalation.notifying --step.due[hasStep]--> crisis.escalation.notifying',
      'crisis.escalation.notifying --step.due[isEveryStepTold]--> crisis.escalation.exhausted',
      'crisis.escalation.notifying --step.due--> crisis.escalation.stepsOwed',
      'crisis.escalation.stepsOwed --step.due[hasStep]--> crisis.escalation.notifying',
      'crisis.escalation.stepsOwed --step.due[isEveryStepTold]--> crisis.escalation.exhausted',
    ],
    [
      'Two persons are needed only before anybody was told, and somebody was told in this state.',
      'crisis.escalation.awaitingAcknowledgement --callOff.proposed--> (stays)',
    ],
    [
      'Where every step was told, or there is none, it can be taken on, and no call is owed: only a call that was under way still can end here.',
      'crisis.escalation.exhausted --acknowledgement.given--> (stays)',
      'crisis.escalation.exhausted --step.called--> (stays)',
      'crisis.escalation.exhausted --step.notified--> crisis.escalation.awaitingAcknowledgement',
      'crisis.escalation.exhausted --step.failed--> (stays)',
      'crisis.escalation.exhausted --step.woken--> (stays)',
    ],
    [
      'Each of these is the same where the chain waits, and there runtimes of tests take it; no test of a runtime makes sure of this moment.',
      'crisis.escalation.notifying --safety.said--> (stays)',
      'crisis.escalation.notifying --step.woken--> (stays)',
      'crisis.escalation.stepsOwed --acknowledgement.given[canBeTakenOn]--> crisis.escalation.acknowledged',
    ],
    [
      'Where a step is added to the chain after it has been told to its end, which takes another process with other options.',
      'crisis.escalation.exhausted --step.due[hasStep]--> crisis.escalation.notifying',
    ],
    [
      'A crisis waits for a place only while its upstream has as many in hand as it may; no test of a runtime calls one off just then.',
      'crisis.delivery.awaitingPlace --callOff.requested--> crisis.delivery.calledOff',
    ],
    [
      'The store refuses a record of a crisis only where it finds it damaged while it is written.',
      'crisis.record.durable --record.refused--> crisis.record.quarantined',
      'crisis.record.quarantined --journal.committed--> crisis.record.closed',
    ],
    [
      'It takes a handler that is gone, or fails, in the process that goes on with it, in just this state; played on the chart.',
      'crisis.delivery.pacing --handler.missing--> crisis.delivery.awaitingHandler',
      'crisis.delivery.callingOff --attempt.failed--> crisis.delivery.calledOff',
      'crisis.escalation.quiet --attempt.failed[isNotBeingSent]--> (stays)',
    ],
  ],
  circuitBreaker: [
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
