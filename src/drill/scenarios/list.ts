/**
 * Every scenario of the drill, in the order in which they are run.
 *
 * @module
 */

import { execFileSync } from 'node:child_process';
import dns from 'node:dns';
import { closeSync, constants, openSync, readFile, rmSync, stat } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Handler } from '../../../actors/port.ts';
import { conflictFailure } from '../../../machines/policy/retry/classifyFailure.ts';
import type { Json } from '../../../machines/vocabulary/shape.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import type { CrisisRequest, Runtime } from '../../runtime.ts';
import { becomes } from '../measure/figures.ts';
import { PLAN_RESOURCES } from '../stage/answerCheck.ts';
import { CRISIS_TYPE, crisisOf, givePlans } from '../stage/crises.ts';
import { HELPERS, type Stage, WORK, WORK_TYPE } from '../stage/stage.ts';
import { queueUp } from './ballast.ts';
import { diskFull, diskStalled } from './disks.ts';
import { acknowledged, chainAway, chainHangs } from './escalation.ts';
import {
  backup,
  crisisMode,
  factBatches,
  idle,
  inFlight,
  observers,
  pages,
  queued,
} from './load.ts';
import { clockSet, garbage, loopBlocked, noDescriptor } from './process.ts';
import type { Scenario } from './scenario.ts';
import { breakerByItself, breakersOpen, offline, refusing, stalled } from './upstreams.ts';

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

const storeCorrupt: Scenario = {
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

const keyMissing: Scenario = {
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

const recovery: Scenario = {
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

const handlerLate: Scenario = {
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

/** A name that is looked up as any other, and those whose look-up never ends. */
const GOOD = 'helpers.test';
const HANGING = ['a.hang.test', 'b.hang.test', 'c.hang.test', 'd.hang.test'];
const OPERATIONS = 200;
/** Threads of libuv's pool. */
const THREADS = 4;

/**
 * Looks names up by the same threads as the system does. One that hangs reads a pipe that nobody writes to: as with a
 * name server that does not answer, nothing ends it before.
 */
function lookUpBy(pipe: string, onGood: () => void): { readonly end: () => void } {
  let isOver = false;
  const system = dns.lookup as (...given: readonly unknown[]) => void;
  const lookUp = (host: string, options: unknown, callback: (...said: unknown[]) => void): void => {
    if (HANGING.includes(host)) {
      const failed = { code: 'EAI_AGAIN', syscall: 'getaddrinfo' };
      readFile(isOver ? '/dev/null' : pipe, () => {
        callback(Object.assign(new Error(host), failed));
      });
    } else if (host === GOOD) {
      stat('.', () => {
        onGood();
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      });
    } else {
      system(host, options, callback);
    }
  };
  Object.defineProperty(dns, 'lookup', { value: lookUp });
  return {
    end() {
      isOver = true;
      closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
    },
  };
}

function handlerAt(host: string, stage: Stage): Handler {
  const baseUrl = new URL(stage.order.upstream.url);
  baseUrl.hostname = host;
  return {
    upstream: host === GOOD ? HELPERS : host.replaceAll('.', '-'),
    run: httpHandler({ baseUrl, allowInsecure: true }),
  };
}

/** Whether a thread of the pool has time for anybody. */
async function hasFreeThread(): Promise<boolean> {
  let isFree = false;
  stat('.', () => {
    isFree = true;
  });
  return await becomes(() => isFree, 500);
}

async function pushTo(hosts: readonly string[], runtime: Runtime): Promise<void> {
  for (let number = 0; number < OPERATIONS; number += 1) {
    await runtime.sync({
      type: `push.at-${number % hosts.length}`,
      subject: `customer-${number}`,
      payload: { number },
    });
  }
}

const hangingLookUps: Scenario = {
  name: 'look-ups',
  title: 'Look-ups of names that hang',
  means: `${OPERATIONS} operations go to names whose look-up never ends, and then the app occupies every thread that look-ups run on; crises go to another name`,
  seconds: { full: 16, short: 5 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const pipe = join(stage.order.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    // So that each delivery needs the address.
    await stage.upstream.closeConnections();
    let wasLookedUp = false;
    const lookUps = lookUpBy(pipe, () => {
      wasLookedUp = true;
    });
    stage.atEnd(lookUps.end);
    const runtime = await stage.openWell({
      upstreams: {
        [HELPERS]: {},
        ...Object.fromEntries(HANGING.map((host) => [host.replaceAll('.', '-'), {}])),
      },
      handlers: {
        [CRISIS_TYPE]: handlerAt(GOOD, stage),
        ...Object.fromEntries(HANGING.map((host, at) => [`push.at-${at}`, handlerAt(host, stage)])),
      },
    });
    stage.saw(
      await becomes(() => wasLookedUp, 10_000),
      `the name of the crises' upstream was looked up${wasLookedUp ? '' : ' never'}`,
    );
    await pushTo(HANGING, runtime);
    const answers = stage.stream(runtime);
    await stage.pauseFor(1 / 2);
    for (let thread = 0; thread < THREADS; thread += 1) readFile(pipe, () => undefined);
    const isFull = !(await hasFreeThread());
    stage.saw(
      isFull,
      `every thread was ${isFull ? 'occupied' : 'not occupied'} from the middle on`,
    );
    await answers;
  },
};

/** So many crises of different people, with different words, come under one key. */
const SHARING = 8;

const anothersKey: Scenario = {
  name: 'anothers-key',
  title: "Another's idempotency key",
  means: `${SHARING} crises of different people, with different words, come under each key`,
  seconds: { full: 16, short: 3 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    const keys = new Set<string>();
    await stage.stream(runtime, (number) => {
      const idempotencyKey = `session-${Math.floor(number / SHARING)}`;
      keys.add(idempotencyKey);
      return { ...crisisOf(number), idempotencyKey };
    });
    stage.saw(keys.size < stage.order.count, `${stage.order.count} crises had ${keys.size} keys`);
  },
};

/** Plans are kept under the first of each, and asked for under the second. */
const SPELLINGS: readonly (readonly [kept: string, asked: unknown])[] = [
  ['42', 42],
  ['Jos\u00e9', 'Jose\u0301'],
  ['\u00c5sa', 'A\u030asa'],
];

const spellings: Scenario = {
  name: 'spellings',
  title: 'Subjects in another spelling',
  means:
    'half of the people come as a number, or in another Unicode form than the one under which their plan is kept',
  seconds: { full: 16, short: 3 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    for (const [kept] of SPELLINGS) {
      await runtime.crisisPlans.put(kept, { resources: PLAN_RESOURCES });
      await runtime.crisisPlans.pin(kept);
    }
    let asked = 0;
    await stage.stream(runtime, (number) => {
      const [, subject] = SPELLINGS[(number / 2) % SPELLINGS.length] ?? [];
      if (subject === undefined) return crisisOf(number);
      asked += 1;
      return { ...crisisOf(number), subject: subject as string };
    });
    stage.saw(asked > 0, `${asked} crises came under another spelling`);
  },
};

/** One crisis in so many is large. */
const ONE_LARGE_IN = 25;
const FIELDS = 70_000;
const CARD_NUMBERS = 45_000;
const REGION_LENGTH = 50 * 1_024 * 1_024;

const largeJson: Scenario = {
  name: 'large-json',
  title: 'JSON that takes long to read',
  means: `one request in ${ONE_LARGE_IN} has ${FIELDS} unknown fields, as many in its payload, ${CARD_NUMBERS} card numbers, or a region of 50 MB`,
  seconds: { full: 16, short: 4 },
  crises: { full: 4_000, short: 200 },
  async run(stage) {
    const runtime = await stage.openWell();
    const many = (of: (at: number) => readonly [string, unknown], count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => of(at)));
    const fields = many((at) => [`field-${at}`, at], FIELDS);
    const cards = '4111 1111 1111 1111, '.repeat(CARD_NUMBERS);
    const region = 'x'.repeat(REGION_LENGTH);
    const kinds: readonly ((usual: CrisisRequest, number: number) => CrisisRequest)[] = [
      (usual) => ({ ...fields, ...usual }),
      (usual, number) => ({ ...usual, payload: { number, ...fields } }),
      (usual, number) => ({ ...usual, payload: { number, note: cards } }),
      (usual) => ({ ...usual, region }),
    ];
    let large = 0;
    // Made before they are due: what the caller needs for that is not the runtime's.
    const { firstNumber, count } = stage.order;
    const prepared = Array.from({ length: count }, (_, at) => {
      const number = firstNumber + at;
      const usual = crisisOf(number);
      if (at % ONE_LARGE_IN !== 0) return usual;
      const kind = kinds[(at / ONE_LARGE_IN) % kinds.length];
      large += 1;
      return kind?.(usual, number) ?? usual;
    });
    await stage.stream(runtime, (number) => prepared[number - firstNumber] ?? crisisOf(number));
    stage.saw(large > 0, `${large} of the requests were large`);
  },
};

const RECORD_TYPE = 'plans.put';
/** Contacts of a record, each of which both sides have changed: a mebibyte in all. */
const ITEMS = 10_000;
const PAYLOAD_BYTES_MAX = 8 * 1_024 * 1_024;

/** A crisis plan, as this side has it: every contact with another name, and texts that take long to compare and search. */
function recordOf(side: string): Json {
  return {
    blankLines: `${'\n'.repeat(side === 'mine' ? 20_000 : 30_000)}${side}`,
    digits: `${side} ${'4111 4111 '.repeat(5_000)}`,
    marks: `${side}${'\u0301\u0316'.repeat(5_000)}`,
    emergencyContacts: Array.from({ length: ITEMS }, (_, at) => ({
      ...{ id: `c${at}`, name: `${side} ${at}`, phones: [`+49 30 ${at}`], note: 'x'.repeat(30) },
    })),
  };
}

/** An upstream that never holds what an edit was made on, so that each is merged again and again. */
function hostileRecords(onMerge: () => void): Handler {
  const other = recordOf('other');
  let version = 0;
  return {
    upstream: WORK,
    run: () => {
      throw conflictFailure('The record has another version.');
    },
    conflicts: {
      fetchCurrent: () => {
        version += 1;
        onMerge();
        return { value: other, version: `"v${version}"` };
      },
    },
  };
}

const hostileMerge: Scenario = {
  name: 'hostile-merge',
  title: 'A hostile record merged meanwhile',
  means: `edits of a record of 1 MiB with ${ITEMS.toLocaleString('en')} items, blank lines, digits of cards and heaps of marks meet one in which all of it is another`,
  seconds: { full: 16, short: 5 },
  crises: { full: 4_000, short: 200 },
  async run(stage: Stage) {
    let merges = 0;
    const runtime = await stage.openWell({
      payloadBytesMax: PAYLOAD_BYTES_MAX,
      handlers: {
        [CRISIS_TYPE]: stage.crisisHandler,
        [RECORD_TYPE]: hostileRecords(() => {
          merges += 1;
        }),
      },
    });
    const mine = recordOf('mine');
    let isOver = false;
    let edits = 0;
    const edit = async (): Promise<void> => {
      while (!isOver) {
        edits += 1;
        const operation = await runtime.sync({
          type: RECORD_TYPE,
          subject: `person-${edits}`,
          entity: { type: 'crisis_plan', id: `plan-${edits}` },
          payload: mine,
        });
        await Promise.race([operation.outcome, stage.pauseFor(1 / 4)]);
      }
    };
    const editing = edit();
    // A slow machine takes seconds to read the first of them.
    for (let waits = 0; merges === 0 && waits < 24; waits += 1) await stage.pauseFor(1 / 4);
    await stage.stream(runtime);
    isOver = true;
    await editing;
    stage.saw(merges > 0, `${edits} edits were merged with another's ${merges} times`);
  },
};

/** How many crises come in a scenario that says nothing else. */
export const CRISES = { full: 6_000, short: 200 };

export const SCENARIOS: readonly Scenario[] = [
  idle,
  inFlight,
  queued,
  breakersOpen,
  breakerByItself,
  offline,
  stalled,
  refusing,
  hangingLookUps,
  chainAway,
  chainHangs,
  acknowledged,
  noDescriptor,
  diskStalled,
  diskFull,
  storeCorrupt,
  keyMissing,
  recovery,
  handlerLate,
  backup,
  observers,
  pages,
  factBatches,
  crisisMode,
  hostileMerge,
  anothersKey,
  spellings,
  largeJson,
  garbage,
  clockSet,
  loopBlocked,
];
