import { createInterface } from 'node:readline/promises';
import { systemClock } from '../../../actors/platform/systemClock.ts';
import { systemRandom } from '../../../actors/platform/systemRandom.ts';
import { accessAtRest } from '../../../actors/recovery/serviceAccess.ts';
import { PAYLOAD_BYTES_MAX } from '../../../machines/policy/request/requestBody.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { openAtRest } from '../../../persistence/openStore.ts';
import { keyFile } from '../../../persistence/sealing/keyFile.ts';
import { askOwner } from '../../control/controlClient.ts';
import { forwardedCalls, type ServiceCalls, serviceCalls } from '../../management/serviceCalls.ts';
import { EXIT } from './exitCodes.ts';
import { createOutput, plainLine } from './output.ts';

export interface StoreOptions {
  readonly store: string;
  readonly keyFile: string;
}

/**
 * Serves a store: through the process that owns it, or, when nobody does, by opening it. It is owned
 * until `use` has ended.
 *
 * @throws HoldfastError `HF_STORE_…` or `HF_KEY_…`, and what the calls throw.
 */
export async function withService<Result>(
  { store: folder, keyFile: keyPath }: StoreOptions,
  use: (calls: ServiceCalls, how: { readonly isAtRest: boolean }) => Promise<Result>,
): Promise<Result> {
  if ((await askOwner(folder, { method: 'health', params: {} })) !== null) {
    return await use(
      forwardedCalls(async (method, params) => {
        const answer = await askOwner(folder, { method, params });
        if (answer === null) throw ownerGone(folder);
        return answer.done;
      }),
      { isAtRest: false },
    );
  }
  const { store } = await openAtRest({ folder, key: keyFile(keyPath) });
  store.onQuarantine(({ id, code }) => {
    createOutput({ json: false }).say(
      `holdfast: ${id} can't be opened (${code}) and is set aside; see holdfast quarantine.`,
    );
  });
  try {
    const access = accessAtRest({
      store,
      clock: systemClock,
      random: systemRandom,
      payloadBytesMax: PAYLOAD_BYTES_MAX,
    });
    const calls = serviceCalls(access, { before: () => Promise.resolve() });
    return await use(calls, { isAtRest: true });
  } finally {
    await store.close();
  }
}

/**
 * Asks before what can't be undone. Without a person at a terminal `--yes` must say it. Where the
 * answer is no the exit code says so, and nothing is left to do.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` where nobody can be asked.
 */
export async function confirmed(
  question: string,
  { yes, json }: { readonly yes: boolean; readonly json: boolean },
): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) {
    throw new HoldfastError(
      'HF_OPTION_INVALID',
      'This can not be undone, and there is nobody to ask. Give --yes to do it.',
      { field: 'yes' },
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${plainLine(question)} [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return true;
    process.exitCode = EXIT.failed;
  } catch (error) {
    // Ctrl-C, or Ctrl-D, instead of an answer.
    if (!(error instanceof Error) || error.name !== 'AbortError') throw error;
    process.stderr.write('\n');
    process.exitCode = EXIT.interrupted;
  } finally {
    terminal.close();
  }
  createOutput({ json }).say('holdfast: nothing was purged.');
  return false;
}

function ownerGone(path: string): HoldfastError {
  return new HoldfastError(
    'HF_STORE_UNAVAILABLE',
    `The process that owned the store in ${path} has gone. Run the command again: it goes on where it was.`,
    { path, retry: 'later' },
  );
}
