/**
 * The embedded engine on virtual time, over a store in memory that outlives it. A kill takes its
 * clock, its store and its handlers from it.
 *
 * @module
 */

import type { Attempt } from '../../actors/port.ts';
import {
  AttemptFailure,
  classifyStatus,
  unknownOutcome,
} from '../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../machines/vocabulary/shape.ts';
import { createMemoryStore } from '../../persistence/memory/memoryStore.ts';
import { createFaultyStore } from '../../src/simulator/disk/faultyStore.ts';
import { mortalClock, mortalHandler, newLife } from '../../src/virtual/life.ts';
import { seededRandom } from '../../src/virtual/seededRandom.ts';
import { VirtualClock } from '../../src/virtual/virtualClock.ts';
import { type EngineFace, type EngineScene, SLOW_RETRY_MS } from './engineScene.ts';
import { kitEngine } from './kitEngine.ts';
import { ScriptedUpstream, type Task } from './scriptedUpstream.ts';

const BEHAVIOUR_MS_MAX = 24 * 3_600_000;

/** Defects that a control plants between the kit and the engine. */
export interface Planted {
  /** Another disk for each process. */
  readonly forgetsItsDisk?: boolean;
  readonly wrap?: (engine: EngineFace) => EngineFace;
}

interface Living {
  readonly face: EngineFace;
  readonly ready: Promise<void>;
  readonly kill: () => void;
}

export async function virtualScene({
  forgetsItsDisk = false,
  wrap = (engine) => engine,
}: Planted = {}): Promise<EngineScene> {
  const clock = new VirtualClock();
  const upstream = new ScriptedUpstream();
  let disk = createMemoryStore();
  let boots = 0;
  const boot = (): Living => {
    boots += 1;
    const life = newLife();
    const ownClock = mortalClock(clock, life);
    const store = createFaultyStore(disk, ownClock);
    const { run } = mortalHandler({ upstream: 'kit', run: performBy(upstream) }, life);
    const engine = kitEngine({
      store,
      clock: ownClock,
      random: seededRandom(boots),
      run,
      slowRetryMs: SLOW_RETRY_MS,
    });
    engine.begin();
    return {
      face: wrap(engine),
      ready: engine.ready,
      kill: () => {
        life.end();
        store.kill();
      },
    };
  };
  let living = boot();
  await clock.run(living.ready);
  return {
    upstream,
    get engine() {
      return living.face;
    },
    kill: () => {
      living.kill();
      return Promise.resolve();
    },
    async restart() {
      if (forgetsItsDisk) disk = createMemoryStore();
      living = boot();
      await living.ready;
    },
    now: () => clock.now(),
    pass: async (ms) => {
      await new Promise<void>((resolve) => {
        clock.schedule(ms, resolve);
      });
    },
    perform: (behaviour) => clock.run(behaviour, BEHAVIOUR_MS_MAX),
    dispose: () => {
      living.kill();
      return Promise.resolve();
    },
  };
}

/** What `httpHandler` makes of the answers of the upstream, without HTTP. */
function performBy(upstream: ScriptedUpstream) {
  return async ({ idempotencyKey, payload, signal }: Attempt): Promise<Json> => {
    const answer = upstream.take(idempotencyKey, payload as unknown as Task);
    if (answer === 'drop') throw unknownOutcome('The connection broke.');
    if (answer === 'hang') {
      return await new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(unknownOutcome('It was aborted.'));
        });
      });
    }
    if (answer === 200) return { answer };
    const failureClass = classifyStatus(answer);
    const code = { conflict: 'HF_CONFLICT', permanent: 'HF_UPSTREAM_REFUSED' } as const;
    throw new AttemptFailure(failureClass, `It answered ${answer}.`, {
      status: answer,
      ...(failureClass in code ? { code: code[failureClass as keyof typeof code] } : {}),
    });
  };
}
