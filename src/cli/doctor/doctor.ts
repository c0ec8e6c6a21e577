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
import { type StoreOptions, storeOptions } from '../kit/storeOptions.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';
import { runChecks } from './doctorChecks.ts';

export function doctorCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly deep: boolean }>({
    name: 'doctor',
    description: 'check machine, key and store; exit 1 if something is wrong',
    options: [
      ...storeOptions(),
      flag('--deep', 'also read every page and open every record'),
      jsonOption(),
    ],
    examples: [`holdfast doctor ${EXAMPLE_STORE}`],
    async run({ options, output }) {
      const { store: folder, keyFile: keyPath = null, deep } = options;
      const key = await storeKey(options, folder);
      const checks = await runUpkeep(
        output,
        async (upkeep) => await runChecks({ folder, key, keyPath, deep }, upkeep),
      );
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
