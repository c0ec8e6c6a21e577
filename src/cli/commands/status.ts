/**
 * `holdfast status`: how a store and the process on it are doing, once or repeatedly.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { openAtRest } from '../../../persistence/openStore.ts';
import { askOwner } from '../../control/controlClient.ts';
import { type RestingStore, restOf } from '../../management/atRest.ts';
import { health as healthCall } from '../../management/store.ts';
import type { HealthStatus, UpstreamHealth } from '../../views/health.ts';
import { asking } from '../../views/healthFindings.ts';
import { command, type JsonOptions, jsonOption, valueOption } from '../kit/command.ts';
import { errorJson, errorText, type Output } from '../kit/output.ts';
import { EXIT } from '../kit/program.ts';
import { storeKey } from '../kit/storeKey.ts';
import { requireStore, type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { canRedraw, frames, spanOf, table, timeOf, timeUntil } from '../kit/table.ts';

/** The work that waits for a person, each with the command that lists it. */
const ASKING: readonly (readonly [keyof HealthStatus['waiting'], string, string])[] = [
  ['inReview', 'in review', 'holdfast operations --state inReview'],
  ['handlerMissing', 'without a handler', 'holdfast operations --state handlerMissing'],
  ['deadLettered', 'dead letters', 'holdfast dead-letters list'],
  ['quarantined', 'in quarantine', 'holdfast quarantine list'],
  ['newerVersion', 'of a later version', 'start the version that wrote them'],
];

/** The singular of the one that is a noun. */
function asOf(count: number, what: string): string {
  return count === 1 && what === 'dead letters' ? 'dead letter' : what;
}

const CONFLICTED = 'holdfast operations --state conflicted';
const REASONS: readonly (readonly [keyof HealthStatus['waiting'], string])[] = [
  ['turn', 'their turn or a retry'],
  ['inLane', 'their lane'],
  ['scheduled', 'their start'],
  ['rateLimited', 'their rate'],
  ['overhanging', 'a handler that is silent'],
];

/** The text for a running process. */
export function runningText(health: HealthStatus, nowMs: number): string {
  const { phase, overall, score, reasons, level, operations, waiting, crises } = health;
  const open = crises.unacknowledged + crises.unreadable.unacknowledged;
  const isAsked = asking(health).conflicted > 0;
  const edits = conflictedOf(waiting.conflicted, isAsked);
  return sections([
    [
      `${phase}, ${overall} (score ${score}), service level ${level}`,
      ...reasons.map((reason) => `! ${reason}`),
    ].join('\n'),
    upstreamsOf(health, nowMs),
    [
      `in memory ${operations.inMemory}, attempts in flight ${operations.attemptsRunning}`,
      `since the start: accepted ${operations.accepted}, completed ${operations.completed}, ` +
        `dead-lettered ${operations.deadLettered}, retries ${operations.retries}`,
    ].join('\n'),
    countsOf('waiting for', [
      ...REASONS.map(([name, what]) => [waiting[name], what] as const),
      ...(isAsked ? [] : [edits]),
    ]),
    countsOf('for a person', [
      ...(isAsked ? [edits] : []),
      ...ASKING.map(
        ([name, what, how]) => [waiting[name], asOf(waiting[name], what), how] as const,
      ),
      conflictsOf(health.conflicts, nowMs),
      [
        open,
        open === 1 ? 'crisis that nobody has taken on' : 'crises that nobody has taken on',
        'holdfast crises list --unacknowledged',
      ],
    ]),
  ]);
}

/** The text for a store at rest. */
export function restingText(
  { hold, counts, waiting, conflicts, crises }: RestingStore,
  nowMs: number,
): string {
  const person: Partial<Record<keyof HealthStatus['waiting'], number>> = {
    inReview: waiting.review,
    handlerMissing: waiting.handler,
    deadLettered: counts.deadLettered,
    quarantined: counts.quarantined,
  };
  return sections([
    [
      'at rest: nothing runs until a process opens the store',
      ...holdOf(hold),
      ...restingCrises(crises, nowMs),
    ].join('\n'),
    countsOf('kept', [
      [counts.inHand, 'in flight when it was left'],
      [counts.due, 'due, at their time'],
      [counts.held, 'held, by their lane or for a person'],
      [counts.settled, 'ended'],
    ]),
    countsOf('for a person', [
      conflictedOf(waiting.conflict, true),
      ...ASKING.map(
        ([name, what, how]) => [person[name] ?? 0, asOf(person[name] ?? 0, what), how] as const,
      ),
      conflictsOf(conflicts, nowMs),
    ]),
  ]);
}

function restingCrises({ count, unreadable, sinceAtMs }: RestingStore['crises'], nowMs: number) {
  if (count === 0) return [];
  const since = sinceAtMs === null ? '' : `, the oldest for ${spanOf(nowMs - sinceAtMs)}`;
  const read = unreadable === 0 ? '' : `; ${unreadable} can't be read`;
  return [`! crises that are not over: ${count}${since}${read} (holdfast crises list)`];
}

/** The same in one line, for output that can't be redrawn. */
export function runningLine(health: HealthStatus, nowMs: number): string {
  const { phase, overall, score, level, operations, waiting, conflicts } = health;
  const shut = Object.entries(health.upstreams)
    .filter(([, { breaker }]) => breaker !== 'closed')
    .map(([name, upstream]) => `${name} ${breakerOf(upstream, nowMs)}`);
  const asked = asking(health);
  const forPerson = ASKING.reduce(
    (sum, [name]) => sum + asked[name],
    asked.conflicted + conflicts.count,
  );
  const undelivered = health.crises.undelivered.reduce((sum, { count }) => sum + count, 0);
  const queued = REASONS.reduce((sum, [name]) => sum + waiting[name], 0);
  return [
    `${timeOf(nowMs)} ${phase}, ${overall} (score ${score}), level ${level}`,
    ...shut,
    `in flight ${operations.attemptsRunning}`,
    `waiting ${queued}`,
    `for a person ${forPerson}`,
    ...(undelivered === 0 ? [] : [`crises not delivered ${undelivered}`]),
    ...(conflicts.count === 0 ? [] : [conflictsOf(conflicts, nowMs).slice(0, 2).join(' ')]),
  ].join(' · ');
}

/** Operations in a conflict: some of them for a person, or all of them edits that wait for one to be decided or merged. */
function conflictedOf(
  count: number,
  isAsked: boolean,
): readonly [count: number, what: string, how: string] {
  return [count, isAsked ? 'conflicted' : 'their conflict', CONFLICTED];
}

/** The conflicts, as a row of the work that waits for a person. */
function conflictsOf(
  { count, oldestAtMs }: RestingStore['conflicts'],
  nowMs: number,
): readonly [count: number, what: string, how: string] {
  const age = oldestAtMs === null ? '' : `, the first for ${spanOf(nowMs - oldestAtMs)}`;
  return [count, `${count === 1 ? 'conflict' : 'conflicts'}${age}`, 'holdfast conflicts list'];
}

function upstreamsOf({ upstreams, crises }: HealthStatus, nowMs: number): string {
  const rows = Object.entries(upstreams).map(([name, upstream]) => [
    name,
    breakerOf(upstream, nowMs),
    crisesAt(name, crises.undelivered, nowMs),
    upstream.level,
    inFlightOf(upstream),
    waitOf(upstream, nowMs),
  ]);
  return rows.length === 0
    ? ''
    : table(['upstream', 'breaker', 'crises', 'level', 'in flight', 'new work waits for'], rows);
}

/** The calls in flight: `3 of 128 slots`, and crises, which hold none. */
function inFlightOf({ inFlight, crisesInFlight, flow }: UpstreamHealth): string {
  const beside =
    crisesInFlight === 0 ? '' : `, ${crisesInFlight} ${crisesInFlight === 1 ? 'crisis' : 'crises'}`;
  return `${inFlight} of ${flow.slots} slots${beside}`;
}

/**
 * The crises at an upstream: `none taken for 31m, 0 of 812`. They don't count for its breaker, which therefore says
 * nothing of them.
 */
function crisesAt(
  name: string,
  undelivered: HealthStatus['crises']['undelivered'],
  nowMs: number,
): string {
  const at = undelivered.find(({ upstream }) => upstream === name);
  if (at === undefined) return '';
  const { count, sinceAtMs, takenAtMs, failed } = at;
  const span = spanOf(nowMs - sinceAtMs);
  return takenAtMs === null || takenAtMs < sinceAtMs
    ? `none taken for ${span}, 0 of ${failed}`
    : `${count} not taken for ${span}`;
}

/** The breaker in words: `open, next try in 12s`, or who holds it. */
function breakerOf(
  { breaker, isUntried, nextTryAtMs, hold }: UpstreamHealth,
  nowMs: number,
): string {
  if (isUntried) return `${breaker}, not tried since: nothing waits`;
  if (hold !== null) {
    const by = hold.by === null ? '' : ` by ${hold.by}`;
    return `${breaker}${by} for ${spanOf(nowMs - hold.sinceAtMs)}`;
  }
  return nextTryAtMs === null ? breaker : `${breaker}, next try ${timeUntil(nextTryAtMs, nowMs)}`;
}

function waitOf({ waits }: UpstreamHealth, nowMs: number): string {
  if (waits === null) return '';
  return waits.untilAtMs === null
    ? waits.reason
    : `${waits.reason}, over ${timeUntil(waits.untilAtMs, nowMs)}`;
}

function holdOf(hold: HealthStatus['hold']): string[] {
  return hold === null
    ? []
    : [`! held (${hold.reason}): nothing but crises runs until holdfast release`];
}

/** A table of counts without those that are 0. */
function countsOf(
  title: string,
  counts: readonly (readonly [count: number, what: string, how?: string])[],
): string {
  const rows = counts
    .filter(([count]) => count > 0)
    .map(([count, what, how = '']) => [count, what, how]);
  return rows.length === 0 ? `${title}: nothing` : table([title, '', ''], rows);
}

function sections(texts: readonly string[]): string {
  return texts.filter((text) => text !== '').join('\n\n');
}

interface StatusOptions extends StoreOptions, JsonOptions {
  /** In milliseconds; `true` where no number is given. */
  readonly watch?: number | true;
}

const WATCH_MS_DEFAULT = 1_000;
/** Each look asks the process that answers crises. */
const WATCH_MS_MIN = 250;

export function statusCommand(): Command {
  return command<StatusOptions>({
    name: 'status',
    options: [
      ...storeOptions(),
      valueOption(
        '--watch [seconds]',
        'look again and again, every second where no number is given',
        parseEvery,
      ),
      jsonOption('print JSON, one object a look'),
    ],
    notes: `A running process is asked, which needs no key. At rest the store is opened for a moment, and its file counts
what it holds; --watch only waits there until a process runs. Ctrl-C ends it (130).`,
    examples: [
      'holdfast status --store ./sync-store',
      'holdfast status --store ./sync-store --watch 5',
    ],
    async run({ options, output }) {
      if (options.watch !== undefined) return await watch(options, output);
      const owner = await askOwner(options.store, healthCall, {});
      if (owner === null) {
        const resting = await lookAtRest(options);
        output.result(restingData(resting), restingText(resting, systemClock.now()));
      } else {
        output.result(runningData(owner.result), runningText(owner.result, systemClock.now()));
      }
      return EXIT.ok;
    },
  });
}

/** The JSON for programs: the same names at rest and in use, and `null` for those that only the other has. */
const NOTHING = {
  isRunning: false,
  hold: null,
  waiting: null,
  conflicts: null,
  counts: null,
  crises: null,
  health: null,
};

function runningData(status: HealthStatus): object {
  const { hold, waiting, conflicts } = status;
  return {
    ...{ ...NOTHING, isRunning: true, hold },
    waiting: waitingData(waiting),
    conflicts: { count: conflicts.count, oldestAtMs: conflicts.oldestAtMs },
    health: status,
  };
}

function restingData({ waiting, counts, ...resting }: RestingStore): object {
  const { deadLettered, quarantined } = counts;
  const { conflict: conflicted, review: inReview, handler: handlerMissing } = waiting;
  return {
    ...{ ...NOTHING, ...resting, counts },
    waiting: waitingData({ conflicted, inReview, handlerMissing, deadLettered, quarantined }),
  };
}

function waitingData({
  conflicted,
  inReview,
  handlerMissing,
  deadLettered,
  quarantined,
}: Pick<
  HealthStatus['waiting'],
  'conflicted' | 'inReview' | 'handlerMissing' | 'deadLettered' | 'quarantined'
>): object {
  return { conflicted, inReview, handlerMissing, deadLettered, quarantined };
}

async function lookAtRest(options: StatusOptions): Promise<RestingStore> {
  const { store: folder } = options;
  requireStore(folder);
  const key = await storeKey(options, folder);
  const { store, info } = await openAtRest({ folder, key });
  try {
    return await restOf(store, info.hold);
  } finally {
    await store.close();
  }
}

/** Looks until a signal ends it. A store at rest is left alone, since opening it would block a process that starts. */
async function watch({ store, watch: every, json }: StatusOptions, output: Output) {
  requireStore(store);
  const draw = canRedraw(process.stdout) && !json ? frames(process.stdout) : null;
  let cancel = (): void => {};
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  while (!isEnded) {
    const seen = await look(store);
    if (isEnded) break;
    if (draw !== null) draw(seen.text);
    else output.result(seen.data, seen.line);
    const next = new Promise<void>((resolve) => {
      cancel = systemClock.schedule(every === true ? WATCH_MS_DEFAULT : (every ?? 0), resolve);
    });
    await Promise.race([next, ended]);
    cancel();
  }
  return EXIT.interrupted;
}

interface Look {
  readonly data: object;
  readonly text: string;
  readonly line: string;
}

async function look(store: string): Promise<Look> {
  const nowMs = systemClock.now();
  let seen: HealthStatus | null;
  try {
    seen = (await askOwner(store, healthCall, {}))?.result ?? null;
  } catch (error) {
    // A silent owner may answer again later.
    const text = errorText(error);
    const data = { ...NOTHING, isRunning: true, ...errorJson(error) };
    return { data, text, line: text.replaceAll('\n', ' ') };
  }
  if (seen === null) {
    const text = 'at rest: nothing runs until a process opens the store';
    return { data: NOTHING, text, line: text };
  }
  return {
    data: runningData(seen),
    text: runningText(seen, nowMs),
    line: runningLine(seen, nowMs),
  };
}

/** @throws InvalidArgumentError of commander, which makes it a usage error */
function parseEvery(text: string): number {
  const everyMs = Number(text) * 1_000;
  if (everyMs >= WATCH_MS_MIN && everyMs <= 3_600_000) return everyMs;
  throw new InvalidArgumentError('Give seconds, from 0.25 to 3600.');
}
