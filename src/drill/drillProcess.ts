/**
 * The process under drill: the runtime of an app, one scenario of trouble, and the crises of people. It
 * knows what to do from one message, and tells its parent what it has seen.
 *
 * @module
 */

import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { errorText } from '../cli/kit/output.ts';
import { pause, startControl } from './measure/figures.ts';
import { plant } from './plants/planted.ts';
import { SCENARIOS } from './scenarios/list.ts';
import { Stage } from './stage/stage.ts';
import type { StageOrder, StageReport } from './stage/stageMessages.ts';
import { UpstreamControls } from './upstream/drillUpstream.ts';

const PROGRESS_EVERY_MS = 1_000;

async function report(message: StageReport): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(message, () => {
      resolve();
    });
  });
}

async function tellProgress(stage: Stage): Promise<never> {
  for (;;) {
    await pause(PROGRESS_EVERY_MS);
    await report({ kind: 'progress', text: stage.progress });
  }
}

async function perform(order: StageOrder): Promise<void> {
  const scenario = SCENARIOS.find(({ name }) => name === order.scenario);
  if (scenario === undefined) {
    throw new HoldfastError('HF_INTERNAL', `The drill knows no scenario ${order.scenario}.`);
  }
  if (order.plant !== null) plant(order.plant);
  const stage = new Stage(order, await startControl(order.count));
  void tellProgress(stage);
  if (order.step === 'prepare') {
    const numbers = (await scenario.prepare?.(stage)) ?? [];
    // It is killed in the midst of what it does; nothing is closed here.
    await report({ kind: 'prepared', numbers });
    return;
  }
  await scenario.run(stage);
  await stage.settled();
  await report({ kind: 'done', result: stage.result() });
  await stage.close();
  process.exit(0);
}

process.once('message', (order: StageOrder) => {
  process.once('disconnect', () => {
    // It must not outlive the drill, nor leave its upstream standing still.
    try {
      new UpstreamControls(order.upstream).goOn();
    } finally {
      process.exit(1);
    }
  });
  perform(order).catch(async (error: unknown) => {
    await report({ kind: 'failed', reason: errorText(error) });
    process.exit(1);
  });
});
// A Ctrl-C at the terminal reaches the whole group, and is for the drill to deal with.
process.on('SIGINT', () => {});
