/**
 * A runtime on a real file and virtual time, asked for help in every way that matters. It lists the faults of its
 * help, so that a control can see them too (CR-1, CR-2, CR-4).
 *
 * During the first request the runtime hears nothing of what the disk has done: any wait for a write, a read or the
 * start shows.
 *
 * @module
 */

import { onTestFinished } from 'vitest';
import type { Attempt, Handler } from '../../../actors/operation/handler.ts';
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

/** Usual time of the upstream's answer. */
const USUAL_MS = 300;
/** Longest time for a crisis to be delivered once its upstream is well (CR-4). */
const DELIVERED_WITHIN_MS = HANGS_AFTER_MS;
const OUTAGE_MS = 120_000;
/** More microtasks than any chain of promises has that needs only memory. */
const MICROTASKS = 500;

/** Rules that options may change for a request. */
export interface HouseRules {
  /** Longest wait of an answer for its upstream or a plan, in milliseconds, where an option allows one. */
  readonly answerWithinMs?: number | undefined;
  /** False where no store opens, or the runtime has stopped: a crisis is then delivered, and not kept. */
  readonly isKept?: boolean | undefined;
}

export interface CrisisHouse {
  readonly clock: VirtualClock;
  readonly runtime: Runtime;
  /** Upstream whose next calls can go wrong. */
  readonly upstream: Upstream;
  /** Handler of its types. */
  readonly care: Handler;
  /** Lets the store open; resolves once the runtime accepts work. */
  readonly open: () => Promise<void>;
  /** Hides from the runtime what the disk has done, until the returned function is called. */
  readonly withholdDisk: () => () => void;
  /** Lists the faults of how a crisis is answered, kept and delivered now. */
  readonly faults: (rules?: HouseRules) => Promise<readonly string[]>;
  /** Does what {@link faults} does, also through failures, a hanging call and an outage of the upstream. */
  readonly faultsInTrouble: (rules?: HouseRules) => Promise<readonly string[]>;
}

interface Upstream {
  isDown: boolean;
  /** True if calls of other work never return. */
  isWorkStuck: boolean;
  /** Number of crisis calls that fail. */
  failures: number;
  /** Number of crisis calls that hang until they are given up. */
  hangs: number;
  /** Time that a call of a crisis takes. */
  takesMs: number;
  /** Subjects of crises with an attempt begun, and of those taken, with what they said. */
  readonly begun: Set<string>;
  readonly taken: Map<string, unknown>;
}

/** Makes a plain runtime with `given` among its options, and does not open it yet. */
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
    // The runtime's own threads end in real time.
    await clock.run(runtime.close({ deadlineMs: 0 }), Number.POSITIVE_INFINITY);
  });
  return crisisHouse({ clock, runtime, upstream, care, gate });
}

/** Builds the house around a runtime. */
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

/** Asks for help; returns once the answer came, or none can come any more. */
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
  // The first attempt must begin at this instant.
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

/** Checks that the outcome tells what happened: the crisis was delivered with what was said, and is kept. */
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

/** Takes one call of the upstream; a call that is cut off does not arrive. */
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

/** Holds back from a runtime what its disk has done. */
class Gate {
  readonly #clock: VirtualClock;
  /** False for a store that never opens: work that never ends must not stop the time. */
  readonly #isWorking: boolean;
  /** Work of the disk since the gate closed. */
  readonly #behind = new Set<Promise<unknown>>();
  #isClosed: Promise<void> | null = null;
  #release: () => void = () => undefined;

  constructor(clock: VirtualClock, isWorking: boolean) {
    this.#clock = clock;
    this.#isWorking = isWorking;
  }

  /** Wraps a store to stand behind the gate. Virtual time stands still while the disk works and the gate is open. */
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
    // The work takes real time, in which no virtual time may pass.
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
