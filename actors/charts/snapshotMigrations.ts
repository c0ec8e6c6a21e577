/**
 * The way from what earlier versions of a chart kept to what the present one keeps (PS-3).
 *
 * A change of a chart's context, or the loss of one of its states, needs the next `version` in the
 * chart and a step here; test/actors/charts/snapshotFixtures.test.ts fails without them. What a row holds is
 * only migrated as it is read: it is written in the present form when the row is next written.
 *
 * @module
 */

import { notEscalated } from '../../machines/crisis/crisisEscalation.ts';
import {
  breakerPacing,
  DEFAULT_BREAKER_POLICY,
} from '../../machines/policy/breaker/breakerPolicy.ts';
import { NO_OUTAGES } from '../../machines/policy/breaker/outages.ts';
import { DEFAULT_FLOW_POLICY } from '../../machines/policy/flow/flowPolicy.ts';
import { DEFAULT_DEGRADATION_POLICY } from '../../machines/policy/service/degradationPolicy.ts';
import type { Standing } from '../../machines/vocabulary/standing.ts';

/** What is kept of a snapshot. */
export interface KeptState {
  readonly value: unknown;
  readonly context: unknown;
}

/** One version of a chart to a later one. */
export interface SnapshotMigration {
  readonly from: string;
  readonly to: string;
  /** Pure. Throws for what it can't read, which is then quarantined. */
  readonly migrate: (kept: KeptState, standing: Standing | undefined) => KeptState;
}

/** By the id of the machine, oldest step first. */
export type SnapshotMigrations = Readonly<Record<string, readonly SnapshotMigration[]>>;

/** The states that version 1 of an operation's chart kept as `accepting`, by where its row stands. */
const ACCEPTED_IN: Partial<Readonly<Record<Standing, string>>> = {
  inHand: 'ordering',
  due: 'waiting',
  held: 'inLane',
};

export const SNAPSHOT_MIGRATIONS: SnapshotMigrations = {
  syncOperation: [
    {
      from: '1',
      to: '2',
      migrate: (kept, standing) => {
        if (kept.value !== 'accepting') return kept;
        const value = standing === undefined ? undefined : ACCEPTED_IN[standing];
        if (value === undefined) throw new Error('An accepted row stands where none may stand.');
        return { value, context: kept.context };
      },
    },
    // What is new is absent until it is needed: a failure of before is not judged, and its time begins with the next.
    { from: '2', to: '3', migrate: (kept) => kept },
    // What it knows of edits is absent until there is one.
    { from: '3', to: '4', migrate: (kept) => kept },
  ],
  crisis: [{ from: '1', to: '2', migrate: withEscalation }],
  circuitBreaker: [{ from: '1', to: '2', migrate: withOutages }],
  // What it kept of a wait for a better level means nothing any more; the first measurement says the rest.
  degradation: [
    {
      from: '1',
      to: '2',
      migrate: ({ value, context }) => {
        const { scope, sinceAtMs = null } = fieldsOf(context);
        return {
          value,
          context: { scope, policy: DEFAULT_DEGRADATION_POLICY, causes: [], sinceAtMs },
        };
      },
    },
  ],
};

/**
 * Version 1 told that a crisis has escalated and nothing after that: the first step of a chain is due. That
 * its fast attempts are used up was a state of its delivery.
 */
function withEscalation({ value, context }: KeptState): KeptState {
  const { escalatedAtMs, ...kept } = fieldsOf(context);
  const { delivery, record } = fieldsOf(value);
  const acceptedAtMs = Number(kept['acceptedAtMs']);
  const isOver = delivery === 'callingOff' || delivery === 'delivered' || delivery === 'calledOff';
  const hasEscalated = typeof escalatedAtMs === 'number';
  const escalation = hasEscalated
    ? {
        ...notEscalated(acceptedAtMs),
        sinceAtMs: escalatedAtMs,
        cause: 'attemptsUsedUp',
        dueAtMs: escalatedAtMs,
      }
    : notEscalated(acceptedAtMs);
  return {
    value: {
      record,
      delivery: delivery === 'escalating' ? 'pacing' : delivery,
      escalation: isOver ? 'ended' : hasEscalated ? 'notifyDue' : 'quiet',
    },
    context: { ...kept, escalation },
  };
}

/**
 * Version 1 counted trips in a row, and had one order of one person. Its policy is replaced by what is
 * configured before the chart takes anything else.
 */
function withOutages({ value, context }: KeptState): KeptState {
  const kept = fieldsOf(context);
  const openedAtMs = kept['openedAtMs'] ?? null;
  const isHeld = value === 'forcedOpen' || value === 'disabled';
  const isDown = value === 'open' || value === 'halfOpen';
  const hold = {
    kind: value,
    reason: kept['operatorReason'] ?? null,
    by: null,
    // It did not keep since when.
    sinceAtMs: 0,
  };
  return {
    value,
    context: {
      ...NO_OUTAGES,
      upstream: kept['upstream'],
      policy: breakerPacing(DEFAULT_BREAKER_POLICY, DEFAULT_FLOW_POLICY),
      generation: kept['generation'],
      lastOpenMs: kept['lastOpenMs'] ?? 0,
      openUntilAtMs: kept['openUntilAtMs'] ?? null,
      firstFailureAtMs: isDown ? openedAtMs : null,
      failedAtMs: isDown ? (kept['trippedAtMs'] ?? null) : null,
      downSinceAtMs: isDown ? openedAtMs : null,
      recoveries: kept['recoveries'] ?? 0,
      recoveriesMs: kept['recoveriesMs'] ?? 0,
      probes: [],
      probesFailed: 0,
      holds: isHeld ? [hold] : [],
      tripsObserved: 0,
    },
  };
}

function fieldsOf(context: unknown): Readonly<Record<string, unknown>> {
  if (typeof context !== 'object' || context === null) throw new Error('It has no context.');
  return context as Readonly<Record<string, unknown>>;
}

/** The state after every step that leads on from `version`, and the version that was reached. */
export function migrateKept(
  steps: readonly SnapshotMigration[],
  version: string,
  kept: KeptState,
  standing?: Standing,
): { readonly version: string; readonly kept: KeptState } {
  let reached = { version, kept };
  for (const { from, to, migrate } of steps) {
    if (from === reached.version) reached = { version: to, kept: migrate(reached.kept, standing) };
  }
  return reached;
}
