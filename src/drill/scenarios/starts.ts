/**
 * The drill where the start is the trouble: a store that can't be opened, much to recover, a handler that
 * comes late.
 *
 * @module
 */

import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '../../runtime.ts';
import { becomes } from '../measure/schedule.ts';
import { crisisOf, givePlans } from '../stage/crises.ts';
import { HELPERS, type Stage, WORK, WORK_TYPE } from '../stage/stage.ts';
import { queueUp } from './ballast.ts';
import type { Scenario } from './scenario.ts';

const LEFT = { full: 100_000, short: 3_000 };
/** So slow that what an earlier process has left is there to the end. */
const TRICKLE = { perSecond: 50, burst: 50 };
/** Within this the upstream has what it is sent. */
const TAKEN_WITHIN_MS = 20_000;
/** So much of the file is overwritten, from its start: its header and the first pages. */
const OVERWRITTEN_BYTES = 64 * 1_024;

/** A store that an earlier process has left, with some work in it; it is killed after that. */
async function leaveStore(stage: Stage): Promise<Runtime> {
  const runtime = await stage.openWell({ upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } } });
  await queueUp(runtime, 1_000);
  return runtime;
}

/** Crises that are on disk and were not delivered; gives their numbers. */
async function leaveCrises(
  stage: Stage,
  runtime: Runtime,
  from = 0,
  to = stage.order.count,
): Promise<readonly number[]> {
  const { firstNumber } = stage.order;
  const numbers = Array.from({ length: to - from }, (_, index) => firstNumber + from + index);
  await Promise.all(
    numbers.map(async (number) => {
      const { durable } = await runtime.crisis(crisisOf(number));
      await durable;
    }),
  );
  return numbers;
}

async function startFailure(runtime: Runtime): Promise<string> {
  await becomes(() => runtime.getHealthStatus().start !== null, 20_000);
  return runtime.getHealthStatus().start?.code ?? 'none';
}

export const storeCorrupt: Scenario = {
  name: 'store-corrupt',
  title: 'Store corrupt',
  means: 'the first 64 KiB of the file of a store in use are overwritten before the start',
  seconds: { full: 24, short: 3 },
  async prepare(stage) {
    await leaveStore(stage);
    return [];
  },
  async run(stage) {
    const folder = stage.storeFolder;
    for (const beside of ['data.db-wal', 'data.db-shm'])
      rmSync(join(folder, beside), { force: true });
    const file = await open(join(folder, 'data.db'), 'r+');
    await file.write(Buffer.alloc(OVERWRITTEN_BYTES, 0xa5), 0, OVERWRITTEN_BYTES, 0);
    await file.close();
    const runtime = stage.open();
    await stage.stream(runtime);
    const code = await startFailure(runtime);
    stage.saw(code !== 'none', `the start failed with ${code}`);
  },
};

export const keyMissing: Scenario = {
  name: 'key-missing',
  title: 'Key missing',
  means: 'the file of the key of a store in use is not there at the start',
  seconds: { full: 24, short: 3 },
  async prepare(stage) {
    await leaveStore(stage);
    return [];
  },
  async run(stage) {
    rmSync(stage.keyFile);
    const runtime = stage.open();
    await stage.stream(runtime);
    const code = await startFailure(runtime);
    stage.saw(code.startsWith('HF_KEY_'), `the start failed with ${code}`);
  },
};

export const recovery: Scenario = {
  name: 'recovery',
  title: 'Start-up with 100,000 to recover',
  means:
    'a process with operations and undelivered crises is killed, half of which the upstream has and told nobody; crises come from the first moment of the next',
  wellMeans: 'the start of the next process, for those left behind; else the answer',
  seconds: { full: 24, short: 3 },
  async prepare(stage) {
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } },
    });
    await queueUp(runtime, stage.sized(LEFT.full, LEFT.short));
    const half = Math.floor(stage.order.count / 2);
    await stage.upstream.fallSilent();
    const had = await leaveCrises(stage, runtime, 0, half);
    await becomes(async () => (await stage.upstream.delivered()) >= half, TAKEN_WITHIN_MS);
    await stage.upstream.goOffline();
    return [...had, ...(await leaveCrises(stage, runtime, half))];
  },
  async run(stage) {
    await stage.upstream.speakAgain();
    await stage.upstream.comeBack();
    const runtime = stage.open({ upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } } });
    const { phase } = runtime.getHealthStatus();
    await stage.stream(runtime);
    stage.saw(phase !== 'running', `the runtime was ${phase} when the first crisis came`);
    const page = await runtime.operations.page({ limit: 1_000 });
    stage.saw(page.views.length === 1_000, 'what the killed process had accepted was there');
  },
};

export const handlerLate: Scenario = {
  name: 'handler-late',
  title: 'Handler registered late',
  means:
    'nobody takes crises of this type at the start, in an earlier process either; later a handler is registered',
  wellMeans: 'the handler is registered',
  seconds: { full: 30, short: 4 },
  async prepare(stage) {
    const runtime = stage.open({ handlers: { [WORK_TYPE]: stage.workHandler } });
    await runtime.ready;
    await givePlans(runtime);
    return await leaveCrises(stage, runtime);
  },
  async run(stage) {
    const runtime = stage.open({ handlers: { [WORK_TYPE]: stage.workHandler } });
    const answers = stage.stream(runtime);
    await stage.pauseFor(2 / 3);
    const { crisisCapability } = runtime.getHealthStatus();
    stage.saw(
      crisisCapability === 'impaired',
      `health said that deliveries were ${crisisCapability}`,
    );
    stage.wellNow();
    await runtime.handle('crisis.alert', stage.crisisHandler);
    await answers;
  },
};
