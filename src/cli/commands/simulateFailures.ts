/**
 * What `holdfast simulate` does with a run that broke a promise: makes it smaller, writes it to a file, and runs
 * such a file again.
 *
 * @module
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import {
  type Failure,
  failureName,
  failureText,
  readFailure,
} from '../../simulator/report/failureFile.ts';
import { breachKind, shrinkPlan } from '../../simulator/report/shrinkPlan.ts';
import type { SimulatorPool } from '../../simulator/simulatorPool.ts';
import type { RunReport } from '../../simulator/simulatorThread.ts';
import { dimly, type Output, paintVerdict } from '../kit/output.ts';
import { EXIT, type ExitCode } from '../kit/program.ts';

/** Failures that are made smaller, each of another kind; the others have the same cause most often. */
const SHRUNK_MAX = 3;
/** Where the regression plans of a clone of holdfast are; `npm test` runs them all. */
const FOUND = 'test/oracle/simulation/found';
/** Lines of the history that are printed, the last ones. */
const HISTORY_SHOWN = 30;

interface ShrinkOptions {
  readonly jobs: number;
  /** How long one may take. */
  readonly forMs: number;
  /** The folder of the files. */
  readonly out: string;
  readonly isInterrupted: () => boolean;
}

/** Makes the first failure of each kind smaller, and writes it; the paths of the files. */
export async function writeFailures(
  failures: readonly RunReport[],
  pool: SimulatorPool,
  options: ShrinkOptions,
  output: Output,
): Promise<readonly string[]> {
  const paths: string[] = [];
  const kinds = new Set<string>();
  for (const { breaches, failure } of failures) {
    const kind = breachKind(breaches[0] ?? '');
    if (failure === null || kinds.has(kind) || kinds.size === SHRUNK_MAX) continue;
    kinds.add(kind);
    const small = await shrunk({ ...failure, breaches }, kind, pool, options, output);
    mkdirSync(options.out, { recursive: true });
    const path = join(options.out, failureName(small));
    writeFileSync(path, failureText(small));
    output.say(
      `${kind}: ${failure.plan.steps.length} steps became ${small.plan.steps.length}; in ${path}, and again by: holdfast simulate --replay ${path}`,
    );
    paths.push(path);
  }
  return paths;
}

async function shrunk(
  failure: Failure,
  kind: string,
  pool: SimulatorPool,
  { jobs, forMs, isInterrupted }: ShrinkOptions,
  output: Output,
): Promise<Failure> {
  const endsAtMs = systemClock.monotonic() + forMs;
  const plan = await shrinkPlan(failure.plan, {
    jobs,
    isOver: () => isInterrupted() || systemClock.monotonic() >= endsAtMs,
    breaks: async (smaller) => {
      const report = await pool.run({ plan: smaller, stopAt: kind });
      return report?.breaches.some((breach) => breachKind(breach) === kind) === true;
    },
    onProgress: ({ steps, runs }) => {
      output.progress(() => `making it smaller: ${steps} steps left after ${runs} runs`);
    },
  });
  const report = await pool.run({ plan });
  if (report?.failure === null || report === null) return failure;
  return { plan, breaches: report.breaches, history: report.failure.history };
}

/** Reads the file of a failure. @throws HoldfastError `HF_OPTION_INVALID` where there is none */
export function failureIn(path: string): Failure {
  if (!existsSync(path)) {
    throw new HoldfastError('HF_OPTION_INVALID', `--replay: there is no file ${path}.`, {
      field: 'replay',
    });
  }
  return readFailure(readFileSync(path, 'utf8'), path);
}

/** Runs the plan of a file again, and says whether it breaks what it broke. */
export async function replay(
  failure: Failure,
  { path, isKept }: { readonly path: string; readonly isKept: boolean },
  pool: SimulatorPool,
  version: string,
  output: Output,
): Promise<ExitCode> {
  const { plan, breaches: before } = failure;
  if (plan.version !== version) {
    output.say(
      `It was drawn by holdfast ${plan.version}, and this is ${version}: it may come to something else.`,
      dimly,
    );
  }
  const report = await pool.run({ plan });
  if (report === null) return EXIT.interrupted;
  const { breaches, digest } = report;
  const history = report.failure?.history ?? [];
  for (const line of history.slice(-HISTORY_SHOWN)) output.say(line, dimly);
  const isSame = before.some((one) =>
    breaches.some((other) => breachKind(other) === breachKind(one)),
  );
  const verdict =
    breaches.length === 0
      ? 'PASS every promise is kept now'
      : `FAIL ${isSame ? 'as before' : 'in another way'}`;
  output.result(
    { verdict: breaches.length === 0 ? 'PASS' : 'FAIL', isSame, breaches, digest, version },
    [...breaches.map((breach) => `  ${breach}`), verdict].join('\n'),
    paintVerdict,
  );
  if (isKept) output.say(kept(failure, path));
  return breaches.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Puts the plan among those of the clone, or tells an app how to keep it. */
function kept(failure: Failure, path: string): string {
  if (!existsSync(FOUND)) {
    return `Keep ${path} beside your tests, and add this one:\n\n${testOf(failure, path)}`;
  }
  const kind = breachKind(failure.breaches[0] ?? 'failure');
  const words = kind
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 40);
  const to = join(FOUND, `${words}-${failure.plan.seed}.json`);
  writeFileSync(to, failureText(failure));
  return `It is kept as ${to}: npm test runs it from now on, and fails while it breaks a promise.`;
}

/** A test for an app, of any runner that has `test`. */
function testOf({ plan, breaches }: Failure, path: string): string {
  const title = `holdfast keeps its promises in simulation ${plan.seed}: ${breachKind(breaches[0] ?? '')}`;
  return `import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test(${JSON.stringify(title)}, () => {
  execFileSync('npx', ['holdfast', 'simulate', '--replay', ${JSON.stringify(path)}], { stdio: 'inherit' });
});`;
}
