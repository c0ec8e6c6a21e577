/**
 * `holdfast doctor`: checks what a store needs, and says what to do about what is wrong.
 *
 * @module
 */

import type { Command } from 'commander';
import { command, EXAMPLE_STORE, flag, type JsonOptions, jsonOption } from '../kit/command.ts';
import { EXIT } from '../kit/exitCodes.ts';
import { type Paint, plainLine } from '../kit/output.ts';
import { storeKey } from '../kit/storeKey.ts';
import { anyStoreOption, type KeyOptions, keyOptions } from '../kit/storeOptions.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';
import { runChecks } from './doctorChecks.ts';

interface DoctorOptions extends KeyOptions, JsonOptions {
  readonly store?: string;
  readonly deep: boolean;
}

export function doctorCommand(): Command {
  return command<DoctorOptions>({
    name: 'doctor',
    options: [
      anyStoreOption('folder of the store; without one it checks this machine'),
      ...keyOptions(),
      flag('--deep', 'also read every page and open every record'),
      jsonOption(),
    ],
    examples: ['holdfast doctor', `holdfast doctor ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const { store: folder, keyFile: keyPath = null, deep } = options;
      const task =
        folder === undefined
          ? null
          : { folder, key: await storeKey(options, folder), keyPath, deep };
      const checks = await runUpkeep(output, async (upkeep) => await runChecks(task, upkeep));
      if (checks === null) return EXIT.interrupted;
      const lines = checks.map(
        ({ name, status, detail }) =>
          `${status.padEnd(STATUS_WIDTH)}  ${name.padEnd(8)}  ${plainLine(detail)}`,
      );
      const hasFailed = checks.some(({ status }) => status === 'fail');
      output.result({ ok: !hasFailed, checks }, lines.join('\n'), paint);
      return hasFailed ? EXIT.failed : EXIT.ok;
    },
  });
}

const STATUS_WIDTH = 4;

/** Colours the status that begins the line. */
const paint: Paint = (line, { green, yellow, red }) => {
  const color = { ok: green, warn: yellow, fail: red }[line.slice(0, STATUS_WIDTH).trim()];
  return color === undefined ? line : color(line.slice(0, STATUS_WIDTH)) + line.slice(STATUS_WIDTH);
};
