import { Command } from 'commander';
import { EXIT } from '../kit/exitCodes.ts';
import { createOutput, type Paint, plainLine } from '../kit/output.ts';
import { runUpkeep } from '../kit/upkeepRun.ts';
import { runChecks } from './doctorChecks.ts';

interface DoctorOptions {
  readonly store: string;
  readonly keyFile: string;
  readonly deep: boolean;
  readonly json: boolean;
}

/** `holdfast doctor`: checks what a store needs, and says what to do about what is wrong. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check machine, key and store; exit 1 if something is wrong')
    .requiredOption('--store <dir>', 'folder of the store')
    .requiredOption('--key-file <file>', 'key of the store')
    .option('--deep', 'also read every page and open every record', false)
    .option('--json', 'print the result as one line of JSON', false)
    .addHelpText(
      'after',
      `
Example:
  $ holdfast doctor --store ./sync-store --key-file ./holdfast.key`,
    )
    .action(async (options: DoctorOptions) => {
      const output = createOutput(options);
      const { store: folder, keyFile: keyPath, deep } = options;
      const checks = await runUpkeep(
        output,
        async (upkeep) => await runChecks({ folder, keyPath, deep }, upkeep),
      );
      if (checks === null) return;
      const lines = checks.map(
        ({ name, status, detail }) =>
          `${status.padEnd(STATUS_WIDTH)}  ${name.padEnd(8)}  ${plainLine(detail)}`,
      );
      const hasFailed = checks.some(({ status }) => status === 'fail');
      output.result({ ok: !hasFailed, checks }, lines.join('\n'), paint);
      process.exitCode = hasFailed ? EXIT.failed : EXIT.ok;
    });
}

const STATUS_WIDTH = 4;

/** Colours the status that begins the line. */
const paint: Paint = (line, { green, yellow, red }) => {
  const color = { ok: green, warn: yellow, fail: red }[line.slice(0, STATUS_WIDTH).trim()];
  return color === undefined ? line : color(line.slice(0, STATUS_WIDTH)) + line.slice(STATUS_WIDTH);
};
