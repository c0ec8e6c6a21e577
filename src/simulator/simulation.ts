/**
 * Runs a plan: takes its steps in order, heals everything, and checks what must hold at the end.
 *
 * @module
 */

import { createHash } from 'node:crypto';
import type { Run } from '../../actors/port.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { disarmFaultPoints } from '../../persistence/port/faultPoints.ts';
import type { HoldfastRuntime } from '../holdfastRuntime.ts';
import { httpHandlerOver } from '../http/httpHandler.ts';
import type { Network } from '../http/send.ts';
import type { RuntimeOptions } from '../options.ts';
import { seededRandom } from '../virtual/seededRandom.ts';
import { VirtualClock } from '../virtual/virtualClock.ts';
import { Looks } from './looks.ts';
import { deafHandler } from './network/deafHandler.ts';
import { Link, urlOf } from './network/link.ts';
import type { Records } from './network/records.ts';
import {
  type Arrivals,
  KEYLESS_TYPE,
  keyLifetimeOf,
  SimulatedUpstream,
  SUBJECT_HEADER,
} from './network/simulatedUpstream.ts';
import type { Driver } from './oracle/clause.ts';
import type { MadeEdit } from './oracle/madeEdit.ts';
import { forgetOperations, givenKey, noteAttempted } from './oracle/sentKeys.ts';
import type { DiskRow, OutageSeen, TraceEvent } from './oracle/trace.ts';
import { tracedAttempt } from './oracle/tracedAttempt.ts';
import { Oracle } from './promises/oracle.ts';
import { answered, recordsApart } from './recordsApart.ts';
import { eventWords, timeOf } from './report/eventWords.ts';
import type { Shown } from './report/recording.ts';
import type { SimulatedApp } from './scene/app.ts';
import { Device } from './scene/device.ts';
import type { Plan, Step } from './scene/plan.ts';
import { type AnyStepKind, type Scene, seedOf } from './scene/scene.ts';
import { boundsOf, cutShortMs, mayWaitOn } from './setup/bounds.ts';
import { served, worldOver } from './simulatedApp.ts';
import { Sometimes } from './sometimes.ts';
import { CHAIN_STEPS, chainOf, pagerOf } from './steps/chain.ts';
import { EDITED, OWN_ENTITIES } from './steps/editedRecords.ts';
import { entityAt, pathOf, RECORDS_OF_A_KIND } from './steps/edits.ts';
import { everyKind } from './steps/everyKind.ts';
import { closeUp } from './steps/orders.ts';
import { recordHandlers } from './steps/recordHandlers.ts';
import { CRISIS_TYPE, deviceAt, OWN_TYPE, TYPES } from './steps/work.ts';

const HOUR_MS = 3_600_000;
/** Longer than any call of a client waits. */
const CALLS_END_WITHIN_MS = 120_000;
const PAGE_SHOWS_WITHIN_MS = 5_000;
const LOOKS_AT_PAGE = 5;
/** Longer than any upgrade. */
const UPGRADE_LOOKS = 60;
const UPGRADE_LOOK_MS = 10_000;
const LOOK_EVERY_MS = 10_000;
const CLOSE_UP_EVERY_MS = 600_000;
/** Number of processes that one piece of work may end, so that a run comes to its end. */
const ENDS_PROCESS_MAX = 100;
/**
 * Lifetime of keys and endings that outlasts all jumps of clocks: no person has to decide on old keys, and no ending
 * is purged.
 */
const LONGER_THAN_ALL_JUMPS_MS = 50 * 365 * 24 * HOUR_MS;

/** Runs the whole runtime on virtual time, through random trouble. */
export const SIMULATION: Driver = {
  name: 'simulation',
  blind: {
    diskAtAnyMoment:
      'its disk fails and delays: only what it holds at a kill and in the end is read',
    everyEnding: 'nobody waits across a kill; endings are read from the list in the end',
    expectedEndings: 'the upstream fails at random',
    everyWrite: 'its disk fails and delays',
  },
};

/** Result of a run. */
export interface Result {
  readonly plan: Plan;
  /** Broken promises, as `what: details`. */
  readonly breaches: readonly string[];
  /** Number of times that each situation was seen. */
  readonly seen: ReadonlyMap<string, number>;
  /** Lines of the history, one for each event, with the time of day. */
  readonly history: readonly string[];
  /** The SHA-256 of the history: equal for equal histories. */
  readonly digest: string;
}

/**
 * Runs a plan to its end.
 *
 * @param isEnough - ends the run early once the breaches so far answer the question
 * @param onShown - receives what the inspectors of all devices show; `null` where nobody looks
 * @param app - runs in place of the simulator's own app
 */
export async function runPlan(
  plan: Plan,
  isEnough: (breaches: readonly string[]) => boolean = () => false,
  onShown: ((shown: Shown) => void) | null = null,
  app: SimulatedApp | null = null,
): Promise<Result> {
  await Promise.all(LOADED_LATER.map(async (load) => await load()));
  try {
    return await new Simulation(plan, onShown, app).run(isEnough);
  } finally {
    disarmFaultPoints();
  }
}

/**
 * Modules that the runtime loads on first use. Loading one then would read a file in real time and make two runs
 * differ.
 */
const LOADED_LATER: readonly (() => Promise<unknown>)[] = [
  async () => await import('../../machines/merge/entities/entities.ts'),
  async () => await import('../../machines/operation/repeatSafety.ts'),
  async () => await import('../management/operations.ts'),
];

class Simulation implements Scene {
  readonly clock = new VirtualClock();
  readonly devices: readonly Device[];
  readonly upstreams: ReadonlyMap<string, SimulatedUpstream>;
  readonly pager: SimulatedUpstream;
  readonly app: SimulatedApp | null;
  readonly #plan: Plan;
  readonly #oracles = new Map<string, Oracle>();
  readonly #sometimes = new Map<string, Sometimes>();
  /** Functions that tell the effect of an attempt, by device, key and number. */
  readonly #effects = new Map<string, (isKeyless: boolean) => void>();
  readonly #undo = new Set<() => void>();
  readonly #seen = new Map<string, number>();
  readonly #history: string[] = [];
  readonly #startedAtMs: number;
  /** Ids of operations that may wait on after the end by their options. */
  readonly #mayWaitOn = new Set<string>();
  /** Index of the device in which something last happened. */
  #goesOn = 0;
  readonly #looks: Looks;
  readonly edits: MadeEdit[] = [];
  readonly restored = new Set<string>();
  readonly forgotten = new Set<string>();
  readonly endsProcess: Scene['endsProcess'] = new Map();
  #apart: readonly string[] = [];
  #requests = 0;

  constructor(plan: Plan, onShown: ((shown: Shown) => void) | null, app: SimulatedApp | null) {
    this.app = app;
    forgetOperations();
    this.#plan = plan;
    this.#startedAtMs = this.clock.monotonic();
    this.#looks = new Looks(this, (device, look) => {
      const event = { event: 'looked', ...look } as const;
      this.#oracles.get(device.name)?.tell(event);
      this.#sometimes.get(device.name)?.told(event, this.clock.monotonic());
    });
    const { seed, setup } = plan;
    this.upstreams = new Map(
      setup.upstreams.map(({ name, habits }) => {
        const serve = app?.serve[name];
        const own = serve === undefined ? null : served(serve);
        return [name, new SimulatedUpstream(this.clock, habits, own)];
      }),
    );
    this.pager = new SimulatedUpstream(this.clock, undefined, pagerOf(this), true);
    for (const record of EDITED) {
      for (let id = 0; id < RECORDS_OF_A_KIND; id += 1) {
        this.records.put(pathOf(entityAt(record, id)), record.begun);
      }
    }
    const reached = new Map([...this.upstreams, ['pager', this.pager]]);
    this.devices = setup.devices.map((each, at) => {
      const oracle = new Oracle(SIMULATION);
      this.#oracles.set(each.name, oracle);
      const sometimes = new Sometimes(this.saw);
      this.#sometimes.set(each.name, sometimes);
      return new Device({
        setup: each,
        seed: seed * 10 + at,
        clock: this.clock,
        link: new Link(this.clock, {
          seed: seed * 31 + at,
          profile: each.network,
          upstreams: reached,
          arrivals: this.#arrivals(at),
        }),
        options: (device, number, network) => this.#options(device, number, network),
        onFeed:
          onShown &&
          ((feed) => {
            feed.watch((messages) => {
              onShown({ device: each.name, afterLine: this.#history.length, messages });
            });
          }),
        onShown: (shown) => {
          oracle.tell({ event: 'shown', ...shown });
        },
        goesOn: () => {
          this.#goesOn = at;
        },
        ...{ saw: this.saw, isAnchored: plan.steps.some(({ kind }) => kind === 'disk.putBack') },
        isOn: () => this.#goesOn === at,
        tell: (event) => {
          this.note(`${each.name} ${eventWords(event)}`);
          oracle.tell(event);
          sometimes.told(event, this.clock.monotonic());
        },
      });
    });
  }

  /** Records of the last upstream. */
  get records(): Records {
    const upstream = [...this.upstreams.values()].at(-1);
    if (upstream === undefined) throw new Error('A run has an upstream.');
    return upstream.records;
  }

  get setup(): Plan['setup'] {
    return this.#plan.setup;
  }

  readonly untilHealed = (undo: () => void): (() => void) => {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    return once;
  };

  readonly saw = (what: string): void => {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1);
  };

  readonly note = (line: string): void => {
    this.#history.push(`${timeOf(this.clock.monotonic() - this.#startedAtMs)} ${line}`);
  };

  readonly nextRequest = (): number => {
    this.#requests += 1;
    return this.#requests;
  };

  async run(isEnough: (breaches: readonly string[]) => boolean): Promise<Result> {
    for (const device of this.devices) {
      device.boot();
      device.clients.startAll();
    }
    if (await this.#takeAll(isEnough)) {
      await this.#until(this.#plan.hours * HOUR_MS);
      await this.#heal();
      await this.#judge();
    }
    const breaches = this.#breaches();
    const digest = createHash('sha256').update(this.#history.join('\n')).digest('hex');
    return { plan: this.#plan, breaches, seen: this.#seen, history: this.#history, digest };
  }

  /** Takes all steps; returns whether it reached the last of them. */
  async #takeAll(isEnough: (breaches: readonly string[]) => boolean): Promise<boolean> {
    for (const step of this.#plan.steps) {
      await this.#until(step.atMs);
      await this.#looks.all();
      if (isEnough(this.#breaches())) return false;
      this.#take(step);
    }
    return true;
  }

  #breaches(): readonly string[] {
    return [...[...this.#oracles.values()].flatMap((oracle) => oracle.breaches), ...this.#apart];
  }

  async #until(atMs: number): Promise<void> {
    await this.clock.advance(Math.max(0, atMs - (this.clock.monotonic() - this.#startedAtMs)));
  }

  #take(step: Step): void {
    const kind: AnyStepKind | undefined = everyKind.get(step.kind);
    if (kind === undefined) throw new Error(`The plan has a step of no known kind: ${step.kind}`);
    const take = (): void => {
      kind.take(this, step.data as never, seededRandom(seedOf(this.#plan.seed, step)));
      // A step that waited for its device troubles it from now on.
      this.#looks.took(step);
    };
    const { device: at } = step.data;
    const device = typeof at === 'number' ? deviceAt(this, at) : null;
    const go = (): void => {
      this.note(kind.says(step.data as never));
      const isInOwner = kind.counts === 'work' || kind.counts === 'order';
      // A process that stands still takes the step once it goes on; a dead one never does.
      if (device !== null && isInOwner && kind.isElsewhere !== true) {
        device.process.life.whenAwake(take);
      } else {
        take();
      }
    };
    if (device === null) go();
    else device.whenUsable(go);
  }

  /** Turns what the upstreams see of one device's requests into events. */
  #arrivals(at: number): Arrivals {
    const told = new Set<string>();
    // An app that wrongly trusts an upstream to honour keys bears the harm.
    const drawn = this.setup.devices[at]?.options?.flat() ?? [];
    const isTrusted = drawn.some(
      ({ field, value }) => field === 'honoursIdempotencyKey' && value === true,
    );
    // The same goes for one that thinks that keys are kept for longer.
    const isOfLongKeys = drawn.some(({ field }) => field === 'keyLifetimeMs');
    // A retry policy may cut short the wait that an upstream asks for.
    const isHasty = drawn.some(
      ({ field, value }) => field === 'retry.thenEveryMs' && value !== null,
    );
    const tell = (event: TraceEvent): void => {
      this.devices[at]?.tell(event);
    };
    return {
      saw: this.saw,
      applied: (key, attempt, isEffect, isKeyless) => {
        // A device tells of an effect as its own once, even where another device's request made it.
        if ((!isEffect || (isKeyless && isTrusted)) && told.has(key)) return;
        told.add(key);
        const tellEffect = this.#effects.get(`${at} ${key} ${attempt}`);
        if (tellEffect === undefined) tell({ event: 'strayed', key });
        else tellEffect(isKeyless);
      },
      forgotten: (key, isDoneByCopy) => {
        this.saw('upstream has forgotten a key');
        tell({ event: 'keyForgotten', key, isExcused: isOfLongKeys || isDoneByCopy });
      },
      pretended: (key) => {
        tell({ event: 'pretended', key });
      },
      early: (key, byMs) => {
        if (!isHasty) tell({ event: 'cameEarly', key, byMs });
      },
      redirected: (outage) => {
        tell({ event: 'redirected', outage });
      },
      followed: (key) => {
        tell({ event: 'followed', key });
      },
      bodyChanged: (key) => {
        tell({ event: 'bodyChanged', key });
      },
    };
  }

  #options(device: Device, number: number, network: Network): Partial<RuntimeOptions> {
    const names = [...this.upstreams.keys()];
    const place = this.devices.indexOf(device);
    const isDead = (): boolean => device.process.number !== number || device.process.isDead();
    const last = names.at(-1) ?? '';
    // An upstream that work was moved to may refuse some types while others succeed.
    const isMoved = (this.setup.devices[place]?.options ?? [])
      .flat()
      .some(({ field }) => field === 'upstream');
    const traced =
      (sent: Run, service = last): Run =>
      async (attempt) => {
        const { idempotencyKey: key, operationId, number: tries, type } = attempt;
        noteAttempted(operationId, key);
        const survive = this.#endProcess(device, isDead, givenKey(key));
        const [atMs, sinceMs] = [device.clock.now(), device.link.clock.monotonic()];
        const outage = (): OutageSeen | null =>
          isMoved || this.app !== null ? null : device.link.outageOf(service, sinceMs);
        const { options } = device.process;
        const upstream = options.handlers[type]?.upstream;
        // Requests of other keys may expire.
        const byMs = givenKey(key).startsWith('key-') ? cutShortMs(options, attempt, atMs) : 0;
        if (byMs > 0) device.tell({ event: 'cutShort', key, byMs });
        const around = { process: number, upstream, key, atMs, isDead, outage, tell: device.tell };
        let answer: Json | undefined = null;
        try {
          await tracedAttempt(attempt, around, new Set(), async (apply) => {
            this.#effects.set(`${place} ${key} ${tries}`, apply);
            this.#effects.set(`${place} ${key} 0`, apply);
            answer = await sent(attempt);
          });
        } finally {
          survive();
        }
        return answer;
      };
    if (this.app !== null) return this.#optionsOf(this.app, device, network, traced);
    const plain = TYPES.map((type, at) => {
      const upstream = names[at % names.length] ?? '';
      const run = traced(sender(network, upstream, type), upstream);
      const honoursIdempotencyKey = type !== KEYLESS_TYPE;
      const kept = keyLifetimeOf(this.setup.upstreams[at % names.length]?.habits);
      return [type, { upstream, run, honoursIdempotencyKey, ...kept }] as const;
    });
    const [first = ''] = names;
    const alerted = [
      CRISIS_TYPE,
      { upstream: first, run: traced(sender(network, first, CRISIS_TYPE), first) },
    ] as const;
    const editing = recordHandlers(network, urlOf(last), traced).map(
      ([type, handler]) => [type, { upstream: last, ...handler }] as const,
    );
    return {
      upstreams: Object.fromEntries(
        names.map((name) => [
          name,
          { concurrency: 4, crisisConcurrency: 2, attemptTimeoutMs: 3_000 },
        ]),
      ),
      handlers: Object.fromEntries(
        [...plain, alerted, ...editing].map(([type, handler]) => [
          type,
          { keyLifetimeMs: LONGER_THAN_ALL_JUMPS_MS, ...handler },
        ]),
      ),
      entities: OWN_ENTITIES,
      crisis: {
        escalation: chainOf(this, device, {
          ...{ network, isDead },
          number: this.setup.devices[place]?.chain ?? CHAIN_STEPS,
        }),
      },
      device: device.name,
      retentionMs: LONGER_THAN_ALL_JUMPS_MS,
    };
  }

  /**
   * Kills the process some time into an attempt, where work of this key ends its process; the function that is
   * returned calls that off: a process that dies later has nothing by which to know the culprit.
   */
  #endProcess(device: Device, isDead: () => boolean, key: string): () => void {
    const how = this.endsProcess.get(key);
    if (how === undefined || how.times >= ENDS_PROCESS_MAX) return () => undefined;
    return this.clock.schedule(how.afterMs, () => {
      if (isDead() || device.clock.isAsleep) return;
      how.times += 1;
      this.saw('work that ends its process');
      device.tell({ event: 'endedProcess', key, times: how.times });
      void device.killAndBoot();
    });
  }

  /** Builds the options of a user's app, with its handlers watched for the judge. */
  #optionsOf(
    app: SimulatedApp,
    device: Device,
    network: Network,
    traced: (sent: Run) => Run,
  ): Partial<RuntimeOptions> {
    const given = app.options(worldOver(network));
    const handlers = Object.entries(given.handlers ?? {}).map(([type, handler]) => {
      const run = Object.assign(traced(handler.run), handler.run);
      return [type, { keyLifetimeMs: LONGER_THAN_ALL_JUMPS_MS, ...handler, run }] as const;
    });
    return {
      retentionMs: LONGER_THAN_ALL_JUMPS_MS,
      ...given,
      handlers: Object.fromEntries(handlers),
      device: device.name,
    };
  }

  async #heal(): Promise<void> {
    this.note('everything is healed');
    disarmFaultPoints();
    for (const undo of [...this.#undo].toReversed()) undo();
    for (const device of this.devices) await device.heal();
    // A store under upgrade answers nobody.
    for (let waits = 0; waits < UPGRADE_LOOKS; waits += 1) {
      if (!this.devices.some(({ disk }) => disk.isBehind)) break;
      await this.clock.advance(UPGRADE_LOOK_MS);
    }
    this.#looks.healed();
    const waits = await Promise.all(
      this.devices.map(async (device) => {
        const { inHand, due, held } = await device.disk.base.counts();
        const before = await device.rows();
        return { device, before, ...boundsOf(device.everyOptions, inHand + due + held) };
      }),
    );
    const withinMs = Math.max(...waits.map((each) => each.withinMs));
    for (let passedMs = 0; passedMs < withinMs; passedMs += nextLookAfterMs(passedMs)) {
      await this.clock.advance(nextLookAfterMs(passedMs));
      await this.#looks.all();
      const waiting = await Promise.all(
        this.devices.map(async ({ disk }) => await disk.base.counts()),
      );
      if (waiting.every(({ inHand, due, held }) => inHand + due + held === 0)) break;
      if (passedMs % CLOSE_UP_EVERY_MS > 0) continue;
      for (const device of this.devices) {
        await answered(this, device, 'closing up', closeUp(device));
      }
    }
    await this.clock.advance(CALLS_END_WITHIN_MS);
    for (const { device, before, ...bounds } of waits) {
      const rows = await device.rows();
      const known = {
        ...{ ...bounds, nowMs: device.clock.now(), latestMs: device.clock.latest() },
        silent: await this.#silentAt(device, rows, before),
      };
      for (const row of rows) {
        const { id, state, outcome } = row;
        if (outcome !== null) continue;
        if (mayWaitOn(row, rows, known)) {
          this.#mayWaitOn.add(id);
          continue;
        }
        const said = device.runtime.getHealthStatus().reasons.join(' ');
        device.tell({ event: 'overdue', id, state, afterMs: withinMs, said });
      }
    }
  }

  /** Finds operations whose handler has not returned; a process that goes on waits for it and says so. */
  async #silentAt(
    { runtime }: Device,
    rows: readonly DiskRow[],
    before: readonly DiskRow[],
  ): Promise<ReadonlySet<string>> {
    const attempts = new Map(before.map(({ id, attempt }) => [id, attempt]));
    const silent = new Set<string>();
    for (const { id, isInHand, attempt } of rows) {
      if (!isInHand) continue;
      const view = runtime.operations.get(id).view();
      // A process that has not started shows nothing.
      const state = await this.clock.run(view.then((shown) => shown.state).catch(() => null));
      // The time-out of an attempt may be a year.
      const isUnderWay = state === 'attempting' && attempts.get(id) === attempt;
      if (isUnderWay || state === 'overhanging' || state === 'cancelling') silent.add(id);
    }
    return silent;
  }

  /** Compares the page with the truth, after another process has taken the store over under its eyes. */
  async #lookAtPage(device: Device): Promise<void> {
    const page = device.clients.openPage();
    await this.clock.advance(PAGE_SHOWS_WITHIN_MS);
    await device.killAndBoot();
    const differences = async (): Promise<readonly string[]> => {
      await this.clock.advance(PAGE_SHOWS_WITHIN_MS);
      return page.differences((device.runtime as HoldfastRuntime).inspection.actors());
    };
    let different = await differences();
    // A change of this moment may not have reached the page yet.
    for (let looks = 1; different.length > 0 && looks < LOOKS_AT_PAGE; looks += 1) {
      different = await differences();
    }
    for (const what of different) device.tell({ event: 'pageDiffers', what });
    device.clients.closePage(page);
  }

  async #judge(): Promise<void> {
    this.#apart = await recordsApart(this, (key) =>
      [...this.#oracles.values()].some(({ known }) => known.pretended.has(key)),
    );
    for (const device of this.devices) {
      await this.#lookAtPage(device);
      const { attemptsRunning } = device.runtime.getHealthStatus().operations;
      const rows = await device.rows();
      device.tell({ event: 'finished', rows, attemptsRunning, mayWait: this.#mayWaitOn });
      const ended = new Set(rows.filter(({ outcome }) => outcome !== null).map(({ id }) => id));
      for (const { name, calls, watched, awaited } of device.clients.living) {
        for (const what of calls.values()) device.tellUnheard(name, what);
        for (const id of awaited) {
          if (ended.has(id)) device.tellUnheard(name, `the outcome of ${id}`);
        }
        for (const [id, isOver] of watched) {
          if (ended.has(id) && !isOver) device.tellUnheard(name, `the end of ${id}`);
        }
      }
      await this.clock.run(device.clients.close());
      const { process } = device;
      await this.clock.run(process.runtime.close());
      device.tell({ event: 'closed', timers: process.timers() });
    }
  }
}

/** Builds the sender of a type's requests: the handler over HTTP, or one of an app's own. */
function sender(network: Network, upstream: string, type: string): Run {
  const baseUrl = urlOf(upstream);
  return type === OWN_TYPE
    ? deafHandler(network, baseUrl)
    : (httpHandlerOver(network, {
        baseUrl,
        headers: ({ subject }) => ({ [SUBJECT_HEADER]: subject }),
      }) as Run);
}

/** Pace of looks once everything is healed: often at first, while most of what waited ends. */
function nextLookAfterMs(passedMs: number): number {
  return passedMs < CLOSE_UP_EVERY_MS ? LOOK_EVERY_MS : 6 * LOOK_EVERY_MS;
}
