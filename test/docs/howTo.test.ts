import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const FOLDER = 'docs/how-to';
/** JavaScript, and what it prints where that follows. */
const SAMPLE = /^```js\n([^]*?)^```\n(?:\n```text\n([^]*?)^```)?/gm;

function samples(): readonly (readonly [string, string, string | undefined])[] {
  return readdirSync(FOLDER).flatMap((page) => {
    const found = readFileSync(`${FOLDER}/${page}`, 'utf8').matchAll(SAMPLE);
    return [...found]
      .map(([, code = '', printed], at) => [`${page} ${at + 1}`, code, printed] as const)
      .filter(([, code]) => IS_PROGRAM.test(code));
  });
}

/** A whole program, not a part of one: samples.test.ts reads those. */
const IS_PROGRAM = /^import .* from 'holdfast';$/m;

/** Ids are others in each run, and cut on the page. */
const withoutIds = (text: string): string =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|01a2…/g, '<id>');

test.each(samples())(
  'UX-1 OB-6 sample %s runs, and prints what the page says',
  async (_, code, printed) => {
    // In the folder of the package `holdfast` is the package itself, as it is built.
    const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code], {
      timeout: 20_000,
    });
    if (printed === undefined) return;
    // What is printed as an error comes on a line of its own.
    const lines = (text: string): readonly string[] => withoutIds(text).split('\n').toSorted();
    expect(lines(stdout + stderr)).toEqual(lines(printed));
  },
);
