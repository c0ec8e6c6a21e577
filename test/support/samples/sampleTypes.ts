/**
 * What TypeScript has to say of samples, against the declarations of the built package and as strictly as it
 * can.
 *
 * @module
 */

import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import ts from 'typescript';
import type { Sample } from './markdown.ts';
import { programOf } from './program.ts';
import { appFolder } from './samplePage.ts';

/** A line for each error, with the place of its sample. */
export function typeErrorsOf(samples: readonly Sample[]): readonly string[] {
  const folder = appFolder();
  const places = new Map(
    samples.map((sample, index) => {
      const path = join(folder, `sample${index}.ts`);
      writeFileSync(path, programOf(sample, sample.names));
      return [path, sample.place];
    }),
  );
  const compiled = ts.createProgram([...places.keys()], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    types: ['node', 'express'],
    typeRoots: [resolve('node_modules/@types')],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // Of packages beside ours; test/package/userTypes.test.ts looks at our own.
    skipLibCheck: true,
    noEmit: true,
  });
  return ts.getPreEmitDiagnostics(compiled).map(({ file, start, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    const line = (file?.text.slice(0, start).split('\n').length ?? 0) - 1;
    const code = file?.text.split('\n')[line]?.trim() ?? '';
    return `${places.get(file?.fileName ?? '') ?? basename(file?.fileName ?? '')} ${code}: ${text}`;
  });
}
