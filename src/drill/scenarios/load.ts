/**
 * The drill while the runtime is well: idle, busy, with much on disk, watched, and backed up.
 *
 * @module
 */

import { join } from 'node:path';
import { becomes } from '../measure/figures.ts';
import { subjectOf } from '../stage/crises.ts';
import { HELPERS, WORK } from '../stage/stage.ts';
import { keepInFlight, queueUp } from './ballast.ts';
import type { Scenario } from './scenario.ts';

const QUEUED = { full: 100_000, short: 3_000 };
const IN_FLIGHT = 1_000;
/** How long work of others takes at the upstream. */
const LATENCY_MS = 3_000;
/** So slow that the queue is still there at the end of the stream. */
const TRICKLE = { perSecond: 50, burst: 50 };
const LISTENERS = 3;
const QUEUED_FOR_BACKUP = { full: 20_000, short: 2_000 };

export const idle: Scenario = {
  name: 'idle',
  title: 'Idle',
  means: 'nothing else runs',
  // So many that the slowest of ten thousand is more than one of them.
  crises: { full: 20_000, short: 200 },
  seconds: { full: 80, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell();
    await stage.stream(runtime);
    const { overall } = runtime.getHealthStatus();
    stage.saw(overall !== 'critical', `health is ${overall}`);
  },
};

export const inFlight: Scenario = {
  name: 'in-flight',
  title: '1,000 operations in flight',
  means: `1,000 callers, each with an operation under way that takes the upstream ${LATENCY_MS / 1_000} s`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { concurrency: IN_FLIGHT } },
    });
    const work = keepInFlight(runtime, IN_FLIGHT, LATENCY_MS);
    const inMemory = (): number => runtime.getHealthStatus().operations.inMemory;
    const isThere = await becomes(() => inMemory() >= IN_FLIGHT, 20_000);
    stage.saw(isThere, `${inMemory()} operations were under way when the crises began`);
    await stage.stream(runtime);
    const { inFlight: attempts } = runtime.upstream(WORK);
    stage.saw(attempts > 0, `${attempts} attempts were with the upstream when they ended`);
    work.stop();
  },
};

export const queued: Scenario = {
  name: 'queued',
  title: '100,000 queued',
  means: `operations on disk, of which ${TRICKLE.perSecond} a second run`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } },
    });
    await queueUp(runtime, stage.sized(QUEUED.full, QUEUED.short));
    await stage.stream(runtime);
    const { accepted, completed } = runtime.getHealthStatus().operations;
    const left = accepted - completed;
    const least = stage.sized(QUEUED.full, QUEUED.short) / 2;
    stage.saw(left > least, `${left} operations were queued when the crises ended`);
  },
};

export const observers: Scenario = {
  name: 'observers',
  title: 'Observers attached',
  means: `${LISTENERS} listeners to every fact, and an inspector of every transition, with 200 operations in flight`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    let frames = 0;
    let facts = 0;
    const runtime = await stage.openWell({
      inspect: () => {
        frames += 1;
      },
    });
    for (let listener = 0; listener < LISTENERS; listener += 1) {
      runtime.subscribe((fact) => {
        if (JSON.stringify(fact).length > 0) facts += 1;
      });
    }
    const work = keepInFlight(runtime, 200, 500);
    await stage.stream(runtime);
    work.stop();
    stage.saw(facts > stage.order.count, `${facts} facts were told`);
    stage.saw(frames > 0, `${frames} frames were shown to the inspector`);
  },
};

export const backup: Scenario = {
  name: 'backup',
  title: 'A backup running',
  means: 'one backup after another of a store with 20,000 operations',
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } },
    });
    await queueUp(runtime, stage.sized(QUEUED_FOR_BACKUP.full, QUEUED_FOR_BACKUP.short));
    let isOver = false;
    let begun = 0;
    let made = 0;
    const backUp = async (): Promise<void> => {
      while (!isOver) {
        begun += 1;
        await runtime.backup(join(stage.order.folder, `backup-${begun}`));
        made += 1;
      }
    };
    const backups = backUp();
    await stage.stream(runtime);
    isOver = true;
    stage.saw(begun > 0, `${begun} backups were begun, and ${made} made, while crises came`);
    await backups;
  },
};

/** Rows of a page, the most that one call gives. */
const PAGE_ROWS = 1_000;

export const pages: Scenario = {
  name: 'pages',
  title: 'Pages of rows',
  means: `one page of ${PAGE_ROWS.toLocaleString('en')} operations after another, of a store with 20,000`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { rate: TRICKLE } },
    });
    await queueUp(runtime, stage.sized(QUEUED_FOR_BACKUP.full, QUEUED_FOR_BACKUP.short));
    let isOver = false;
    let rows = 0;
    const read = async (): Promise<void> => {
      let afterSeq: number | undefined;
      while (!isOver) {
        const query = afterSeq === undefined ? {} : { afterSeq };
        const page = await runtime.operations.page({ ...query, limit: PAGE_ROWS });
        rows += page.views.length;
        afterSeq = page.nextAfterSeq ?? undefined;
      }
    };
    const reading = read();
    await stage.stream(runtime);
    isOver = true;
    await reading;
    stage.saw(rows >= PAGE_ROWS, `${rows} rows were read while crises came`);
  },
};

/** Operations of a batch, each of which ends in several facts. */
const BATCH = { full: 5_000, short: 500 };

export const factBatches: Scenario = {
  name: 'facts',
  title: 'Batches of facts',
  means: `thousands of operations are accepted and end in one go, again and again; ${LISTENERS} listeners write down every fact`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    let facts = 0;
    const runtime = await stage.openWell({
      upstreams: { [HELPERS]: {}, [WORK]: { concurrency: IN_FLIGHT } },
    });
    for (let listener = 0; listener < LISTENERS; listener += 1) {
      runtime.subscribe((fact) => {
        if (JSON.stringify(fact).length > 0) facts += 1;
      });
    }
    let isOver = false;
    let batches = 0;
    const fill = async (): Promise<void> => {
      while (!isOver) {
        await queueUp(runtime, stage.sized(BATCH.full, BATCH.short), `batch-${batches}`);
        batches += 1;
      }
    };
    const filling = fill();
    await stage.stream(runtime);
    isOver = true;
    await filling;
    stage.saw(batches > 0 && facts > stage.order.count, `${facts} facts of ${batches} batches`);
  },
};

const STAFF = { id: 'staff-7', role: 'clinician' };
/** People who are in crisis mode, beside everybody. */
const IN_CRISIS_MODE = 100;

export const crisisMode: Scenario = {
  name: 'crisis-mode',
  title: 'Crisis mode on',
  means: `a person has switched it on for everybody, and for ${IN_CRISIS_MODE} people; 200 operations are in flight`,
  seconds: { full: 24, short: 3 },
  async run(stage) {
    const runtime = await stage.openWell();
    const order = { by: STAFF, reason: 'the drill' };
    await runtime.crisisMode.enter(order);
    for (let number = 0; number < IN_CRISIS_MODE; number += 1) {
      await runtime.crisisMode.enter({ ...order, subject: subjectOf(number) });
    }
    const work = keepInFlight(runtime, 200, 500);
    await stage.stream(runtime);
    work.stop();
    const { length } = runtime.crisisMode.list();
    stage.saw(length === IN_CRISIS_MODE + 1, `it was on ${length} times to the end`);
    const { level } = runtime.getHealthStatus();
    stage.saw(level === 'criticalOnly', `the level of the process was ${level}`);
  },
};
