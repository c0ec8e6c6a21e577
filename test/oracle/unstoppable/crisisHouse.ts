/**
 * A runtime on a real file and virtual time, asked for help in every way that matters: what is wrong with
 * how it helps is told as a list of faults, so that a control can see them too (CR-1, CR-2, CR-4).
 *
 * While it is asked the first time nothing that the disk has done is told to the runtime: whatever waits for
 * a write, a read or the start shows.
 *
 * @module
 */

import { onTestFinished } from 'vitest';
import type { Attempt, Handler } from '../../../actors/attempt/handler.ts';
import type { CrisisAnswer } from '../../../actors/port.ts';
import { transientFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import { createMemoryStore } from '../../../persistence/memory/memoryStore.ts';
import { openStore } from '../../../persistence/openStore.ts';
import type { Store } from '../../../persistence/port/store.ts';
import { withKeyTimeout } from '../../../persistence/sealing/keySource.ts';
import { assembleRuntime } from '../../../src/createRuntime.ts';
import { rawKey } from '../../../src/index.ts';
import { checkOptions, type RuntimeOptions } from '../../../src/options.ts';
import type { Runtime } from '../../../src/runtime.ts';
import { merged } from '../../../src/simulator/setup/drawnOptions.ts';
import { seededRandom } from '../../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../../src/virtual/virtualClock.ts';
import { HANGS_AFTER_MS } from '../../support/hangs.ts';
import { tempFolder } from '../../support/store/tempFolder.ts';

/** Where an upstream answers as it usually does. */
const USUAL_MS = 300;
/** Within this of its upstream being well each crisis is delivered, in milliseconds (CR-4). */
const DELIVERED_WITHIN_MS = HANGS_AFTER_MS;
const OUTAGE_MS = 120_000;
/** More than any chain of promises that needs nothing but memory. */
const MICROTASKS = 500;

/** What options may change of how it is asked. */
export interface HouseRules {
  /** How long an answer may wait for its upstream or a plan, in milliseconds: an option of its own says so. */
  readonly answerWithinMs?: number | undefined;
  /** False where no store can be opened, or the runtime has stopped: then it is delivered, and not kept. */
  readonly isKept?: boolean | undefined;
}

export interface CrisisHouse {
  readonly clock: VirtualClock;
  readonly runtime: Runtime;
  /** Where the next calls of the upstream go wrong. */
  readonly upstream: Upstream;
  /** The handler of its types. */
  readonly care: Handler;
  /** Lets the store be opened; resolves once work is accepted. */
  readonly open: () => Promise<void>;
  /** What the disk has done is not told until the returned function is called. */
  readonly withholdDisk: () => () => void;
  /** What is wrong with how a crisis is answered, kept and delivered now. */
  readonly faults: (rules?: HouseRules) => Promise<readonly string[]>;
  /** As {@link faults}, also through failures, a hanging call and an outage of the upstream. */
  readonly faultsInTrouble: (rules?: HouseRules) => Promise<readonly string[]>;
}

interface Upstream {
  isDown: boolean;
  /** Calls of other work never return. */
  isWorkStuck: boolean;
  /** So many calls of crises fail. */
  failures: number;
  /** So many calls of crises hang until they are given up. */
  hangs: number;
  /** How long a call of a crisis takes. */
  takesMs: number;
  /** Who has asked: of their crises an attempt has begun, or it was taken, with what they said. */
  readonly begun: Set<string>;
  readonly taken: Map<string, unknown>;
}

/** A plain runtime with `given` among its options, which has just been made and is not open yet. */
export function openHouse(
  given: Partial<RuntimeOptions> = {},
  { isKept = true }: HouseRules = {},
): CrisisHouse {
  const clock = new VirtualClock();
  const upstream: Upstream = {
    ...{ isDown: false, isWorkStuck: false, failures: 0, hangs: 0, takesMs: 0 },
    ...{ begun: new Set<string>(), taken: new Map<string, unknown>() },
  };
  const care: Handler = { upstream: 'default', run: (attempt) => call(clock, upstream, attempt) };
  const options = merged(
    {
      store: tempFolder(),
      key: rawKey(Buffer.alloc(32, 7)),
      upstreams: { other: {} },
      handlers: { 'crisis.alert': care, 'work.push': care },
      clock,
      random: seededRandom(7),
    },
    given,
  ) as RuntimeOptions;
  const { key, keyTimeoutMs, ...keyless } = checkOptions(options);
  const gate = new Gate(clock, isKept);
  const disk =
    key === null
      ? createMemoryStore()
      : openStore({ folder: options.store, key: withKeyTimeout(key, clock, keyTimeoutMs) });
  gate.close();
  const runtime = assembleRuntime(keyless, gate.before(disk));
  onTestFinished(async () => {
    gate.open();
    // Threads of its own end in real time.
    await clock.run(runtime.close({ deadlineMs: 0 }), Number.POSITIVE_INFINITY);
  });
  return crisisHouse({ clock, runtime, upstream, care, gate });
}

/** The house around a runtime, whoever made it. */
function crisisHouse(
  its: Pick<CrisisHouse, 'clock' | 'runtime' | 'upstream' | 'care'> & { readonly gate: Gate },
): CrisisHouse {
  const { clock, runtime, upstream, care, gate } = its;
  const house: CrisisHouse = {
    ...{ clock, runtime, upstream, care },
    async open() {
      gate.open();
      await clock.run(runtime.ready);
    },
    withholdDisk: () => gate.close(),
    async faults(rules = {}) {
      const open = gate.close();
      const asked = await ask(house, rules);
      if (!upstream.taken.has(asked.subject)) asked.faults.push('it is not delivered at once');
      open();
      await settled(house, asked, rules, 0);
      return asked.faults;
    },
    async faultsInTrouble(rules = {}) {
      const faults = [...(await house.faults(rules))];
      const troubles: readonly [string, Partial<Upstream>, number][] = [
        ['a failure', { failures: 1, takesMs: USUAL_MS }, 0],
        ['a call that hangs', { hangs: 1, takesMs: USUAL_MS }, 0],
        ['an outage', { isDown: true, takesMs: USUAL_MS }, OUTAGE_MS],
      ];
      for (const [name, trouble, lastsMs] of troubles) {
        Object.assign(upstream, trouble);
        const asked = await ask(house, rules);
        await clock.advance(lastsMs);
        upstream.isDown = false;
        await settled(house, asked, rules, DELIVERED_WITHIN_MS);
        faults.push(...asked.faults.map((fault) => `after ${name}: ${fault}`));
        upstream.takesMs = 0;
      }
      return faults;
    },
  };
  return house;
}

interface Asked {
  readonly subject: string;
  readonly said: string;
  readonly answer: CrisisAnswer | null;
  readonly faults: string[];
}

let people = 0;

/** Calls for help; returns once it is answered, or can't be any more. */
async function ask({ clock, runtime, upstream }: CrisisHouse, rules: HouseRules): Promise<Asked> {
  people += 1;
  const subject = `person-${people}`;
  const said = `I can not go on, ${people}.`;
  const faults: string[] = [];
  let answer: CrisisAnswer | null = null;
  const answering = runtime.crisis({ subject, payload: { said } }).then(
    (given) => {
      answer = given;
    },
    () => {
      faults.push('it is refused');
    },
  );
  for (let turn = 0; turn < MICROTASKS && isNull(answer); turn += 1) await Promise.resolve();
  const isAtOnce = !isNull(answer);
  // At this instant.
  await clock.advance(0);
  if (!upstream.begun.has(subject)) faults.push('its first attempt waits');
  const { answerWithinMs = 0 } = rules;
  if (isNull(answer) && answerWithinMs > 0) {
    await clock.run(answering, answerWithinMs).catch(() => undefined);
  }
  const given = answer as CrisisAnswer | null;
  if (given === null || (!isAtOnce && answerWithinMs === 0)) {
    faults.push('it is not answered from memory');
  }
  if (given !== null && given.elapsedMs > answerWithinMs) faults.push('it is answered late');
  if (given !== null && given.resources.length === 0) faults.push('its answer is empty');
  if (given !== null && given.operationId === null) faults.push('it is not accepted');
  given?.delivery.catch(() => undefined);
  given?.durable.catch(() => undefined);
  return { subject, said, answer: given, faults };
}

/** What is told of it in the end is what happened: it was delivered as it was said, and it is kept. */
async function settled(
  { clock, upstream }: CrisisHouse,
  { subject, said, answer, faults }: Asked,
  { isKept = true }: HouseRules,
  withinMs: number,
): Promise<void> {
  if (answer === null) return;
  const untilMs = clock.monotonic() + withinMs;
  while (!upstream.taken.has(subject) && clock.monotonic() < untilMs) await clock.advance(1_000);
  if (!upstream.taken.has(subject)) faults.push('it is not delivered in time');
  else if (!JSON.stringify(upstream.taken.get(subject)).includes(said)) faults.push('it is cut');
  if (faults.length > 0) return;
  try {
    await clock.run(answer.delivery);
    if (isKept) await clock.run(answer.durable);
  } catch {
    faults.push(isKept ? 'it is not kept' : 'its delivery is not told of');
  }
}

/** One call of the upstream: what is cut off does not arrive. */
async function call(clock: VirtualClock, upstream: Upstream, attempt: Attempt): Promise<null> {
  const { subject, payload, priority, signal } = attempt;
  if (priority !== 'crisis') {
    return upstream.isWorkStuck ? await new Promise<never>(() => undefined) : null;
  }
  upstream.begun.add(subject);
  if (upstream.isDown) throw transientFailure('Down.', { status: 500 });
  if (upstream.failures > 0) {
    upstream.failures -= 1;
    throw transientFailure('Not yet.', { status: 500, retryAfterMs: 3_600_000 });
  }
  const hangs = upstream.hangs > 0;
  if (hangs) upstream.hangs -= 1;
  if (hangs || upstream.takesMs > 0) {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        reject(transientFailure('Cut off.'));
      });
      if (!hangs) clock.schedule(upstream.takesMs, resolve);
    });
  }
  upstream.taken.set(subject, payload);
  return null;
}

/** Stands between a runtime and what its disk has done. */
class Gate {
  readonly #clock: VirtualClock;
  /** False for a store that is never opened: what is never done must not stop the time. */
  readonly #isWorking: boolean;
  /** What the disk works on since the gate was closed. */
  readonly #behind = new Set<Promise<unknown>>();
  #isClosed: Promise<void> | null = null;
  #release: () => void = () => undefined;

  constructor(clock: VirtualClock, isWorking: boolean) {
    this.#clock = clock;
    this.#isWorking = isWorking;
  }

  /** The same store, behind the gate. Virtual time stands still while the disk works and the gate is open. */
  before(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...given: readonly unknown[]): unknown => {
          const result: unknown = Reflect.apply(member, target, given);
          return result instanceof Promise ? this.#told(result) : result;
        };
      },
    });
  }

  close(): () => void {
    if (this.#isClosed === null) {
      this.#isClosed = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
    }
    return () => {
      this.open();
    };
  }

  open(): void {
    this.#isClosed = null;
    // It takes real time, and no virtual time must pass meanwhile.
    if (this.#isWorking) for (const work of this.#behind) void this.#clock.freezeWhile(work);
    this.#behind.clear();
    this.#release();
  }

  async #told<T>(result: Promise<T>): Promise<T> {
    if (this.#isClosed !== null) this.#behind.add(result);
    else if (this.#isWorking) void this.#clock.freezeWhile(result);
    try {
      return await result;
    } finally {
      while (this.#isClosed !== null) await this.#isClosed;
    }
  }
}

function isNull(answer: CrisisAnswer | null): boolean {
  return answer === null;
}
