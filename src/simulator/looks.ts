/**
 * Looks at devices while a plan runs, so that the promises can compare what each device says with what is true.
 *
 * @module
 */

import type { OperationView } from '../../actors/port.ts';
import { type CheckedOptions, DEFAULT_UPSTREAM } from '../options.ts';
import { settleJobs } from '../virtual/virtualClock.ts';
import type { Look, OpenRow } from './oracle/look.ts';
import { OpenRows, type ReadRow } from './oracle/openRows.ts';
import type { Device } from './scene/device.ts';
import type { Step } from './scene/plan.ts';
import type { Scene } from './scene/scene.ts';
import { tellingOf, turnsWithin } from './setup/bounds.ts';
import { upstreamAt } from './steps/upstreams.ts';

/** Number of views that a look asks for; the next look asks for others. */
const VIEWS_AT_ONCE = 4;

/**
 * Kinds of step after which a process may have stood still, slept or ended, in part or for a time, or has handlers
 * that work waited for.
 */
const STANDSTILLS: ReadonlySet<string> = new Set([
  'clock',
  'device',
  'handlers',
  'owner',
  'process',
]);

/** Memory of a device from the looks before. */
interface Seen {
  readonly open: OpenRows;
  process: number;
  /** Time at which the looks at it began: at its boot, or at its last sleep. */
  firstSeenMs: number;
  turns: Pick<Look['world'], 'turnWithinMs' | 'turnWhileUpMs'>;
  /** Number of sets of options that {@link turns} were computed from. */
  optionsBefore: number;
  /** Rows of the last look, by id. */
  rows: Map<string, SeenRow>;
  stillSinceMs: number;
  /** Number of operations that had come into its database by the last look. */
  arrivals: number;
  nextView: number;
  said: string;
}

/** A row on disk; the same object at each look. */
interface SeenRow {
  /** The row as last read: another object once its revision changes. */
  read: ReadRow;
  readonly row: { -readonly [Name in keyof OpenRow]: OpenRow[Name] };
  readonly openSinceMs: number;
  /** Time at which it got its revision. */
  sinceMs: number;
}

export class Looks {
  readonly #scene: Scene;
  readonly #tell: (device: Device, look: Look) => void;
  readonly #seen = new Map<Device, Seen>();
  /** Ends of the troubles of disks and processes, by device, and of types of work, by `upstream.type`. */
  readonly #diskUntilMs = new Map<string, number>();
  readonly #standsUntilMs = new Map<string, number>();
  readonly #typeUntilMs = new Map<string, number>();
  /** The same for one subject's calls of a type, by `type subject`. */
  readonly #subjectUntilMs = new Map<string, number>();
  #allUntilMs = 0;
  /** Ends of the troubles and of the lies of pagers, by device. */
  readonly #pagerUntilMs = new Map<string, number>();
  readonly #liesUntilMs = new Map<string, number>();

  /** @param tell - receives each look */
  constructor(scene: Scene, tell: (device: Device, look: Look) => void) {
    this.#scene = scene;
    this.#tell = tell;
  }

  /** Notes which disks, networks and upstreams a step troubles, and until when. */
  took({ kind, data }: Step): void {
    const { forMs, device: at, endpoint, subject } = data;
    const untilMs = this.#nowMs + (typeof forMs === 'number' ? forMs : 0);
    const [what = ''] = kind.split('.');
    const { devices } = this.#scene;
    const its = typeof at === 'number' ? [devices[at % devices.length]] : devices;
    for (const device of its) {
      if (device === undefined) continue;
      if (what === 'disk') raise(this.#diskUntilMs, device.name, untilMs);
      // The rows seen before carry times of another clock.
      if (what === 'clock') this.#seen.delete(device);
      if (STANDSTILLS.has(what) || kind === 'client.stands')
        raise(this.#standsUntilMs, device.name, untilMs);
    }
    if (what !== 'upstream' && what !== 'network') return;
    this.#tookOfPager(data, untilMs);
    const type = typeof endpoint === 'string' ? endpoint.replace('/', '.') : null;
    const isOfSubject = kind === 'upstream.ofSubject' && typeof subject === 'string';
    if (isOfSubject) raise(this.#subjectUntilMs, `${type ?? ''} ${subject}`, untilMs);
    else if (type !== null) raise(this.#typeUntilMs, type, untilMs);
    else this.#allUntilMs = Math.max(this.#allUntilMs, untilMs);
  }

  #tookOfPager({ upstream: to, device: at, trouble, fault }: Step['data'], untilMs: number): void {
    const isOther = typeof to === 'number' && upstreamAt(this.#scene, to).name !== 'pager';
    if (isOther) return;
    const { devices } = this.#scene;
    const its = typeof at === 'number' ? [devices[at % devices.length]] : devices;
    for (const device of its) {
      if (device === undefined) continue;
      raise(this.#pagerUntilMs, device.name, untilMs);
      // A pager that lies takes a notice and tells nobody.
      if (trouble === 'lies' || fault === 'captive') raise(this.#liesUntilMs, device.name, untilMs);
    }
  }

  /** Ends every trouble now. */
  healed(): void {
    const nowMs = this.#nowMs;
    const all = [this.#diskUntilMs, this.#standsUntilMs, this.#typeUntilMs, this.#subjectUntilMs];
    for (const until of [...all, this.#pagerUntilMs, this.#liesUntilMs]) {
      for (const [name, untilMs] of until) until.set(name, Math.min(untilMs, nowMs));
    }
    this.#allUntilMs = Math.min(this.#allUntilMs, nowMs);
  }

  /** Looks at every device, without passing time. */
  async all(): Promise<void> {
    for (const device of this.#scene.devices) {
      // A look from before a sleep says nothing about the time after it.
      const standsUntilMs = this.#standsUntilMs.get(device.name) ?? 0;
      if (device.clock.isAsleep || standsUntilMs >= this.#nowMs) this.#seen.delete(device);
      else if (device.isOwned) await this.#look(device);
    }
  }

  get #nowMs(): number {
    return this.#scene.clock.monotonic();
  }

  async #look(device: Device): Promise<void> {
    const { number, options, clock, store } = device.process;
    const seen = this.#seenOf(device, number);
    const health = device.runtime.getHealthStatus();
    const nowMs = this.#nowMs;
    // The read fails while no process has opened the disk yet.
    const read = await seen.open.of(device.disk.base).catch(() => []);
    const rows = new Map<string, SeenRow>();
    let isStill = read.length === seen.rows.size;
    const open = read.map((now): OpenRow => {
      const before = seen.rows.get(now.id);
      const upstream = upstreamOf(now.type, options);
      const at = before ?? {
        ...{ read: now, row: { ...now, upstream, unchangedMs: 0, openMs: 0 } },
        ...{ openSinceMs: nowMs, sinceMs: nowMs },
      };
      isStill &&= before?.read === now;
      if (at.read !== now) {
        Object.assign(at, { read: now, sinceMs: nowMs });
        Object.assign(at.row, now);
      }
      at.row.upstream = upstream;
      at.row.unchangedMs = nowMs - at.sinceMs;
      at.row.openMs = nowMs - at.openSinceMs;
      rows.set(now.id, at);
      return at.row;
    });
    // An operation that comes and ends between two looks also changed the counts for a moment.
    const { arrivals } = device.disk;
    if (!isStill || arrivals !== seen.arrivals) seen.stillSinceMs = nowMs;
    Object.assign(seen, { rows, arrivals });
    if (device.disk.troubles.size > 0) raise(this.#diskUntilMs, device.name, nowMs);
    const diskUntilMs = this.#diskUntilMs.get(device.name) ?? 0;
    const diskWellMs = Math.max(0, nowMs - diskUntilMs);
    this.#tell(device, {
      health,
      rows: open,
      views: diskWellMs > 0 ? await this.#views(device, seen, open) : [],
      world: {
        upMs: nowMs - seen.firstSeenMs,
        diskWellMs,
        diskSilentMs: Math.min(store.silentMs(), nowMs - seen.firstSeenMs),
        isViewWaiting: health.phase === 'running' && (await isViewWaiting(device, open)),
        stillMs: nowMs - seen.stillSinceMs,
        typeWellMs: Object.fromEntries(
          Object.keys(options.handlers).map((type) => [type, this.#typeWellMs(type)]),
        ),
        subjectWellMs: Object.fromEntries(
          [...this.#subjectUntilMs].map(([of, untilMs]) => [of, Math.max(0, nowMs - untilMs)]),
        ),
        handled: new Set(Object.keys(options.handlers)),
        callsOut: device.process.calls.out,
        ...this.#turnsWithin(device, seen),
        escalateAfterMs: options.crisis.escalateAfterMs,
        atMs: nowMs,
        pagerWellMs: Math.max(0, nowMs - (this.#pagerUntilMs.get(device.name) ?? 0)),
        pagerTrueMs: Math.max(0, nowMs - (this.#liesUntilMs.get(device.name) ?? 0)),
        telling: tellingOf(options),
        hasChain: options.crisis.escalation.length > 0,
        takenOnMs: options.crisis.pace.acknowledgedMs,
        nowMs: clock.now(),
      },
    });
    const said = health.findings.map(({ id, upstream }) => `${id} ${upstream ?? ''}`.trim());
    const line = `${health.overall} ${health.score}: ${said.join(', ')}`;
    if (line !== seen.said) this.#scene.note(`${device.name} says ${line}`);
    seen.said = line;
  }

  #turnsWithin({ everyOptions }: Device, seen: Seen): Seen['turns'] {
    if (seen.optionsBefore === everyOptions.length) return seen.turns;
    seen.optionsBefore = everyOptions.length;
    seen.turns = {
      turnWithinMs: turnsWithin(everyOptions, 'always'),
      turnWhileUpMs: turnsWithin(everyOptions, 'whileUp'),
    };
    return seen.turns;
  }

  #typeWellMs(type: string): number {
    const untilMs = Math.max(this.#allUntilMs, this.#typeUntilMs.get(type) ?? 0);
    return Math.max(0, this.#nowMs - untilMs);
  }

  /** Asks for the views of some waiting operations, and returns those that resolve without time passing. */
  async #views(
    device: Device,
    seen: Seen,
    rows: readonly OpenRow[],
  ): Promise<readonly OperationView[]> {
    const waiting = rows.filter(({ standing }) => standing !== 'deadLettered');
    const views: OperationView[] = [];
    const number = Math.min(VIEWS_AT_ONCE, waiting.length);
    for (let asked = 0; asked < number; asked += 1) {
      seen.nextView = (seen.nextView + 1) % waiting.length;
      const id = waiting[seen.nextView]?.id;
      if (id === undefined) continue;
      const view = device.runtime.operations.get(id).view();
      void view.then((shown) => void views.push(shown)).catch(() => undefined);
    }
    if (number > 0) await settleJobs();
    return [...views];
  }

  #seenOf(device: Device, process: number): Seen {
    let seen = this.#seen.get(device);
    if (seen === undefined) {
      seen = {
        ...{
          open: new OpenRows(),
          process,
          rows: new Map(),
          stillSinceMs: this.#nowMs,
          arrivals: 0,
        },
        ...{ firstSeenMs: this.#nowMs, optionsBefore: 0, nextView: 0, said: '' },
        turns: { turnWithinMs: {}, turnWhileUpMs: {} },
      };
      this.#seen.set(device, seen);
    }
    // A row seen under the last process says nothing about this one.
    if (seen.process !== process) {
      Object.assign(seen, { process, firstSeenMs: this.#nowMs, rows: new Map() });
    }
    return seen;
  }
}

/** Asks for a view of work at rest while the disk hangs in what it writes alone. */
async function isViewWaiting(
  { process, runtime }: Device,
  rows: readonly OpenRow[],
): Promise<boolean> {
  const { faults } = process.store;
  if (faults.hang() === null || faults.looksHang() !== null) return false;
  const row = rows.find(({ standing }) => standing === 'due' || standing === 'held');
  if (row === undefined) return false;
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  runtime.operations.get(row.id).view().then(over, over);
  await settleJobs();
  return !isOver;
}

/** Names the upstream of a type in a process; `null` where no handler of it is registered. */
function upstreamOf(type: string, { handlers }: CheckedOptions): string | null {
  const handler = handlers[type];
  return handler === undefined ? null : (handler.upstream ?? DEFAULT_UPSTREAM);
}

function raise(until: Map<string, number>, name: string, untilMs: number): void {
  until.set(name, Math.max(until.get(name) ?? 0, untilMs));
}
