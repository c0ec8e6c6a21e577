/**
 * `holdfast dead-letters show`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { DeadLetterDetails } from '../../../management/deadLetters/deadLetter.ts';
import {
  command,
  EXAMPLE_STORE,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  keyFileOption,
  type StoreOptions,
  storeOption,
} from '../../kit/command.ts';
import { table } from '../../kit/output.ts';
import { timeOf, withLetters } from './letters.ts';

export function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: why it was given up, and what happened to it',
    arguments: [['<id>', 'id of the operation']],
    options: [storeOption(), keyFileOption(), jsonOption(JSON_LINES)],
    examples: [`holdfast dead-letters show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const details = await withLetters(options, (letters) => letters.show(id));
      output.result(details, textOf(details));
    },
  });
}

function textOf(details: DeadLetterDetails): string {
  const { entity, history } = details;
  const facts = table(
    ['what', 'value'],
    [
      ['id', details.id],
      ['type', details.type],
      ['subject', details.subject],
      ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
      ['tier, priority', `${details.tier}, ${details.priority}`],
      ['accepted', timeOf(details.acceptedAtMs)],
      ['given up', timeOf(details.deadLetteredAtMs)],
      ['expires', details.expiresAtMs === null ? '' : timeOf(details.expiresAtMs)],
      ['reason', `${details.code} ${details.message}`],
      ['may be applied', details.mayBeApplied ? 'yes: look at the upstream first' : 'no'],
      ['payload', details.hasPayload ? 'kept' : 'erased'],
    ],
  );
  const rows = history.map((entry, at) => {
    const since = history[at - 1]?.atMs ?? details.acceptedAtMs;
    const { startedAtMs } = entry;
    return [
      timeOf(entry.atMs),
      entry.what,
      entry.attempt,
      startedAtMs === undefined ? '' : `${startedAtMs - since} ms`,
      startedAtMs === undefined ? '' : `${entry.atMs - startedAtMs} ms`,
      [entry.failureClass, entry.code, entry.exception].filter(Boolean).join(' '),
    ];
  });
  return `${facts}\n\n${table(['at', 'what', 'attempt', 'waited', 'took', 'why'], rows)}`;
}
