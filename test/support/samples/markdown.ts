/**
 * The samples of a Markdown page, each with what an HTML comment above it says of how it is run. A reader of
 * the page sees none of these comments:
 *
 * - `<!-- sample` … `-->` holds the program in which the sample runs; a line `//…` (in a shell `#…`) stands for it.
 *   Without one it runs in the frame of program.ts.
 * - `<!-- sample: as above -->`: in the same program as the last one that was given.
 * - `<!-- sample: file NAME -->`: it is written to that file, for samples of the shell that come later.
 * - `<!-- sample: not run, WHY -->`.
 * - `<!-- output -->` above a block of text: what the last sample prints; `…` stands for anything.
 *
 * @module
 */

export interface Sample {
  /** `docs/tutorial.md:12`, the line at which it begins. */
  readonly place: string;
  /** The heading that it stands under. */
  readonly heading: string;
  readonly language: string;
  readonly code: string;
  /** The program around it; `null` for the common frame. */
  readonly frame: string | null;
  /** Where it is to be written in place of being run. */
  readonly file: string | null;
  /** Declarations that it takes for granted besides those of the common frame. */
  readonly names: string;
  /** Why it is not run. */
  readonly notRun: string | null;
  /** What it prints. */
  readonly output: string | null;
}

/** A block, and the comment right above it. */
const BLOCK = /(?:^<!--((?:(?!-->)[^])*)-->\n)?^```(\w+)\n([^]*?)^```$/gm;

/** @throws Error for a comment that can't be understood: it would be lost without a word. */
export function samplesOf(page: string, text: string): readonly Sample[] {
  const samples: Sample[] = [];
  let lastFrame: string | null = null;
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
    const [, file = null] = /^sample: file (\S+)$/.exec(said) ?? [];
    const [, notRun = null] = /^sample: not run, ([^]+)$/.exec(said) ?? [];
    const [, given = null] = /^sample\n([^]*)$/.exec(said) ?? [];
    if (given !== null && !/^(\/\/|#)…/m.test(given)) throw new Error(`${place}: no line //…`);
    const isRepeated = said === 'sample: as above';
    const isPlain = said === '' || !said.startsWith('sample');
    if (!isPlain && !isRepeated && (given ?? file ?? notRun) === null) {
      throw new Error(`${place}: not understood: ${said}`);
    }
    if (given !== null) lastFrame = given;
    const frame = given ?? (isRepeated ? lastFrame : null);
    samples.push({ place, heading, language, code, frame, names: '', file, notRun, output: null });
  }
  return samples;
}
