/**
 * `holdfast evidence`: everything that an auditor of a release asks for, in one folder with a manifest.
 *
 * @module
 */

import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  command,
  flag,
  type JsonOptions,
  jsonOption,
  valueOption,
} from '../../src/cli/kit/command.ts';
import { EXIT } from '../../src/cli/kit/exitCodes.ts';
import type { Paint } from '../../src/cli/kit/output.ts';
import { table } from '../../src/cli/kit/table.ts';
import { type CloneOptions, cloneOption, cloneRoot } from '../clone/clone.ts';
import { asDeployed, deployedSentence, writeBundle } from './bundleFolder.ts';
import { partsOf } from './evidenceParts.ts';
import { whatItIsOf } from './release.ts';

interface EvidenceOptions extends CloneOptions, JsonOptions {
  readonly out: string;
  readonly drill?: string;
  readonly deployed?: string;
  readonly force: boolean;
}

export function evidenceCommand(): Command {
  return command<EvidenceOptions>({
    name: 'evidence',
    options: [
      valueOption(
        '--out <dir>',
        'where to put it: an empty folder, or one that is not there yet',
      ).makeOptionMandatory(),
      valueOption(
        '--drill <dir>',
        'report of a crisis drill; else node_modules/.cache/crisis-drill',
      ),
      valueOption(
        '--deployed <version>',
        'the version or commit that runs: says whether the evidence is of it; exit 3 if not',
      ),
      flag('--force', 'also into a folder that is not empty; an earlier bundle in it is replaced'),
      cloneOption(),
      jsonOption(),
    ],
    notes:
      'Charts, hazards and clinical safety, the matrix of requirements, what tests took of each chart, approvals, requirements and decisions, the report of the crisis drill, results of tests, versions, the lock file, a bill of materials, and manifest.json with the sha256 of every file. What is missing is named with the command that makes it. The same clone gives the same bundle.',
    examples: [
      'holdfast evidence --out ./evidence',
      'holdfast evidence --out ./evidence --deployed 0.1.0',
    ],
    async run({ options, output }) {
      const root = cloneRoot(options);
      const release = await whatItIsOf(root);
      const parts = await partsOf(root, {
        release,
        drill: options.drill === undefined ? null : resolve(options.drill),
      });
      const folder = resolve(options.out);
      const deployed =
        options.deployed === undefined ? null : asDeployed(options.deployed, release);
      const manifest = writeBundle(folder, { release, deployed, parts, isForced: options.force });
      const rows = manifest.parts.map(({ name, files, missing }) => [
        missing === null ? 'there' : 'MISSING',
        name,
        missing === null ? (files === 1 ? '1 file' : `${files} files`) : `make it: ${missing}`,
      ]);
      const isWhole = manifest.parts.every(({ missing }) => missing === null);
      const text = [
        table(['', 'what', ''], rows, Number.POSITIVE_INFINITY),
        `${manifest.files.length} files in ${folder}, of commit ${release.commit.slice(0, 10)}${release.isChanged ? ', WITH CHANGES THAT ARE NOT COMMITTED' : ''}.`,
        deployedSentence(release, deployed),
      ].join('\n');
      output.result({ folder, ...manifest }, text, paint);
      return isWhole && deployed?.isThis !== false ? EXIT.ok : EXIT.someBad;
    },
  });
}

const paint: Paint = (line, { yellow }) =>
  line.startsWith('MISSING') || /NOT (COMMITTED|THE EVIDENCE)/.test(line) ? yellow(line) : line;
