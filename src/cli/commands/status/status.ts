/**
 * `holdfast status`: how a store and the process on it are doing, once or as long as somebody watches.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import { openAtRest } from '../../../../persistence/openStore.ts';
import { askOwner } from '../../../control/controlClient.ts';
import { type RestingStore, restOf } from '../../../management/atRest.ts';
import { health } from '../../../management/store.ts';
import type { HealthStatus } from '../../../views/health.ts';
import { command, type JsonOptions, jsonOption, value } from '../../kit/command.ts';
import { EXIT } from '../../kit/exitCodes.ts';
import { canRedraw, frames } from '../../kit/frames.ts';
import { errorJson, errorText, type Output } from '../../kit/output.ts';
import { requireStore } from '../../kit/storeFolder.ts';
import { storeKey } from '../../kit/storeKey.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { restingText, runningLine, runningText } from './statusText.ts';

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
      value(
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
      const owner = await askOwner(options.store, health, {});
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
    seen = (await askOwner(store, health, {}))?.result ?? null;
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
