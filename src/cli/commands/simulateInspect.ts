/**
 * `holdfast simulate --replay FILE --inspect`: the inspector's page over what happened in a run, line by line.
 *
 * @module
 */

import { createInterface } from 'node:readline';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { startInspector } from '../../inspect/startInspector.ts';
import { Recording } from '../../simulator/report/recording.ts';
import type { Plan } from '../../simulator/scene/plan.ts';
import { runPlan } from '../../simulator/simulation.ts';
import { dimly, errorText, type Output, paintVerdict } from '../kit/output.ts';
import { EXIT, type ExitCode, onInterrupt } from '../kit/program.ts';

/** More often than a page takes a silent feed for a broken one. */
const BEAT_MS = 2_000;

/** Runs the plan, serves a page for each device, and goes on by a line with each Enter. */
export async function inspectRun(plan: Plan, output: Output): Promise<ExitCode> {
  const recordings = new Map(plan.setup.devices.map(({ name }) => [name, new Recording()]));
  const { history, breaches } = await runPlan(
    plan,
    () => false,
    (shown) => recordings.get(shown.device)?.record(shown),
  );
  const onError = (error: unknown): void => {
    output.say(errorText(error));
  };
  const pages = await Promise.all(
    [...recordings].map(async ([device, source]) => {
      const parts = { source, port: 0, canOperate: false, clock: systemClock, onError };
      return { device, server: await startInspector(parts) };
    }),
  );
  for (const { device, server } of pages) output.say(`${device}: ${server.link}`);
  output.say(
    `${history.length} lines. Enter goes on by one, a number by so many, "end" to the end; Ctrl-C ends it.`,
  );
  let line = 0;
  const goOn = (by: number): void => {
    if (line === history.length) return;
    const to = Math.min(history.length, line + by);
    for (const said of history.slice(line, to)) output.say(said, dimly);
    line = to;
    for (const recording of recordings.values()) recording.playTo(line);
    if (line < history.length) return;
    output.say(breaches.map((breach) => `FAIL ${breach}`).join('\n') || 'PASS', paintVerdict);
  };
  const beat = (): void => {
    for (const recording of recordings.values()) recording.beat();
    cancelBeat = systemClock.schedule(BEAT_MS, beat);
  };
  let cancelBeat = systemClock.schedule(BEAT_MS, beat);
  const input = createInterface({ input: process.stdin });
  await new Promise<void>((end) => {
    input.on('line', (typed) => {
      goOn(typed.trim() === 'end' ? history.length : Math.max(1, Math.floor(Number(typed)) || 1));
    });
    // Without anybody who types, the end is what is looked at.
    input.on('close', () => {
      goOn(history.length);
    });
    onInterrupt(output, end);
  });
  input.close();
  cancelBeat();
  await Promise.all(pages.map(async ({ server }) => await server.close()));
  return EXIT.interrupted;
}
