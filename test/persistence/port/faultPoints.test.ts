import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import {
  armFaultPoint,
  disarmFaultPoints,
  FAULT_POINTS,
  faultPoint,
} from '../../../persistence/port/faultPoints.ts';
import { findAll, repositoryFiles } from '../../conventions/repository.ts';
import { builtProgram } from '../../support/process/builtProgram.ts';
import { faultEnvironment } from '../../support/store/plantedFaults.ts';

afterEach(disarmFaultPoints);

const DIST = builtProgram();
const BUILT = pathToFileURL(join(DIST, 'persistence/port/faultPoints.js')).href;

/** Runs a process that passes `engine.beforeAttempt` three times, in the given environment. */
function passThrice(env: NodeJS.ProcessEnv): {
  output: string;
  signal: string | null;
  status: number | null;
} {
  const program = `
    import { faultPoint } from '${BUILT}';
    for (let passage = 1; passage <= 3; passage += 1) {
      try { faultPoint('engine.beforeAttempt'); console.log(passage); } catch (error) { console.log(error.code); }
    }`;
  const { stdout, signal, status } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program],
    { env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  return { output: stdout.trim().replaceAll('\n', ' '), signal, status };
}

test('PS-2 a point that nobody armed does nothing', () => {
  for (const name of FAULT_POINTS) expect(() => faultPoint(name)).not.toThrow();
});

test('PS-2 an armed point strikes once, at the passage it was armed for', () => {
  armFaultPoint('engine.beforeSettle', 2, 'throw');
  faultPoint('engine.afterSettle');
  faultPoint('engine.beforeSettle');
  expect(() => faultPoint('engine.beforeSettle')).toThrow(
    expect.objectContaining({ code: 'HF_STORE_UNAVAILABLE' }),
  );
  faultPoint('engine.beforeSettle');
});

test('PS-2 a stalled point holds its thread for that long', () => {
  armFaultPoint('store.beforeCommit', 1, { stallMs: 30 });
  const before = process.hrtime.bigint();
  faultPoint('store.beforeCommit');
  expect(Number(process.hrtime.bigint() - before) / 1e6).toBeGreaterThanOrEqual(29);
});

test('PS-2 a process can be armed before it starts', () => {
  const armed = (setting: string): NodeJS.ProcessEnv => faultEnvironment(setting, DIST);
  expect(passThrice(armed('engine.beforeAttempt:2:kill'))).toMatchObject({
    output: '1',
    signal: 'SIGKILL',
  });
  expect(passThrice(armed('engine.beforeAttempt:3:throw'))).toMatchObject({
    output: '1 2 HF_STORE_UNAVAILABLE',
    status: 0,
  });
  const others = armed('store.afterCommit:1:kill, engine.beforeAttempt:1:stall:5');
  expect(passThrice(others).output).toBe('1 2 3');
  expect(passThrice(armed(''))).toMatchObject({ output: '1 2 3', status: 0 });
});

test('CR-2 no variable of the environment reaches a point that the program passes', () => {
  const setting = 'engine.beforeAttempt:1:kill';
  expect(passThrice({ HOLDFAST_FAULT: setting, HOLDFAST_FAULTS: setting })).toMatchObject({
    output: '1 2 3',
    status: 0,
  });
  const sources = repositoryFiles().filter(({ path }) =>
    /^(persistence\/(?!upkeep)|actors|machines)/.test(path),
  );
  expect(findAll(sources, /process\.env/)).toEqual([]);
});

test.each(['nowhere:1:kill', 'engine.beforeAttempt:0:kill', 'engine.beforeAttempt:1:stall', 'x'])(
  'UX-2 a planted fault that says nothing is refused: %s',
  (setting) => {
    expect(() => faultEnvironment(setting, DIST)).toThrow(/planted fault/);
  },
);
