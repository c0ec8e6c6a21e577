/**
 * Samples of a Markdown page, and how each is run. A page is followed as it stands, from top to bottom:
 *
 * - A block in TypeScript or JavaScript that imports begins a program; blocks after it that import nothing continue it.
 * - A block whose first line is `// NAME.mjs` (or `.js`, `.cjs`, `.ts`) is that file.
 * - Blocks of the shell are typed into one shell, each once the output of the one before is seen.
 *   `<!-- sample: until Ctrl-C -->` stands above one that serves until it is stopped.
 * - `<!-- sample: not run, WHY -->`.
 * - `<!-- output -->` above a block of text: what the sample before prints; `…` stands for anything.
 *
 * Examples of the reference come from the source, and run in a frame of program.ts or referenceFrames.ts.
 *
 * @module
 */

/** Pages whose samples need a frame. */
const FRAMED = /^(docs\/reference\/.*|page)\.md$/;

export interface Sample {
  /** `docs/tutorial.md:12`, the line at which it begins. */
  readonly place: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly code: string;
  /** The program around it; `null` for the common frame. */
  readonly frame: string | null;
  /** Whether it is a program, or a part of one, that needs nothing around it. */
  readonly isWhole: boolean;
  /** Where it is to be written in place of being run. */
  readonly file: string | null;
  /** Declarations that it takes for granted besides those of the common frame. */
  readonly names: string;
  /** Why it is not run. */
  readonly notRun: string | null;
  /** Whether it serves until it is stopped. */
  readonly isUntilStopped: boolean;
  /** What it prints. */
  readonly output: string | null;
}

/** A block, and the comment right above it. */
const BLOCK = /(?:^<!--((?:(?!-->)[^])*)-->\n)?^```(\w+)\n([^]*?)^```$/gm;
const FILE = /^\/\/ (\S+\.(?:ts|[mc]?js))\n/;
const UNTIL_STOPPED = 'sample: until Ctrl-C';

/** @throws Error for a comment that can't be understood: it would be lost without a word. */
export function samplesOf(page: string, text: string): readonly Sample[] {
  const isFollowed = !FRAMED.test(page);
  const samples: Sample[] = [];
  for (const { 0: all, 1: comment = '', 2: language = '', 3: code = '', index } of text.matchAll(
    BLOCK,
  )) {
    const said = comment.trim();
    const line = text.slice(0, index + all.indexOf('```')).split('\n').length;
    const place = `${page}:${line}`;
    const heading =
      text
        .slice(0, index)
        .match(/^#+ .+$/gm)
        ?.at(-1)
        ?.replace(/^#+ /, '') ?? '';
    if (said === 'output') {
      const last = samples.pop();
      if (last === undefined) throw new Error(`${place}: no sample prints this output`);
      samples.push({ ...last, output: code });
      continue;
    }
    const [, notRun = null] = /^sample: not run, ([^]+)$/.exec(said) ?? [];
    const isUntilStopped = said === UNTIL_STOPPED;
    if (said.startsWith('sample') && !isUntilStopped && notRun === null) {
      throw new Error(`${place}: not understood: ${said}`);
    }
    const isCode = /^[mc]?[jt]s$/.test(language);
    const file = (isFollowed && isCode && FILE.exec(code)?.[1]) || null;
    const isWhole = isFollowed && isCode && file === null && notRun === null;
    samples.push({
      place,
      heading,
      language,
      code,
      frame: null,
      isWhole,
      file,
      names: '',
      notRun,
      isUntilStopped,
      output: null,
    });
  }
  return joined(samples);
}

/** The samples, with each program that goes on over several blocks as one, at the place of its first. */
function joined(samples: readonly Sample[]): readonly Sample[] {
  const all: Sample[] = [];
  for (const sample of samples) {
    const at = all.findLastIndex(({ isWhole }) => isWhole);
    const first = all[at];
    if (!sample.isWhole || first === undefined || /^import /m.test(sample.code)) {
      all.push(sample);
      continue;
    }
    const output = (first.output ?? '') + (sample.output ?? '');
    all[at] = {
      ...first,
      code: `${first.code}\n${sample.code}`,
      output: output === '' ? null : output,
    };
  }
  return all;
}
