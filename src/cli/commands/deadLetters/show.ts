/**
 * `holdfast dead-letters show`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { UpstreamAnswer } from '../../../../machines/vocabulary/upstreamAnswer.ts';
import type { DeadLetterDetails } from '../../../management/deadLetters.ts';
import {
  command,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
} from '../../kit/command.ts';
import { historyTable } from '../../kit/historyTable.ts';
import { deadLetterId, ID_OR_END } from '../../kit/idEnd.ts';
import { plainLine } from '../../kit/output.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { facts, timeOf } from '../../kit/table.ts';
import { withLetters } from './letters.ts';

export function showCommand(): Command {
  return command<StoreOptions & JsonOptions & { readonly answer?: boolean }, [id: string]>({
    name: 'show',
    description: 'show one: why it was given up, and what happened to it',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: deadLetterId,
    options: [
      ...storeOptions(),
      flag('--answer', 'also what the upstream said to the last attempt; it may hold health data'),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast dead-letters show 01998a2c-… ${EXAMPLE_STORE}`,
      `holdfast dead-letters show 01998a2c-… --answer ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const { details, answer } = await withLetters(options, async (letters) => ({
        details: await letters.show(id),
        answer: options.answer === true ? await letters.answer(id) : undefined,
      }));
      const said = answer === undefined ? '' : `\n\n${textOfAnswer(answer)}`;
      output.result({ ...details, answer }, `${textOf(details)}${said}`);
    },
  });
}

function textOfAnswer(answer: UpstreamAnswer | null): string {
  if (answer === null) return 'Nothing was kept of what the upstream said.';
  const { status, headers = {}, body } = answer;
  const lines = Object.entries(headers).map(([name, value]) => `  ${name}: ${plainLine(value)}`);
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  const said = body === undefined ? [] : ['', text];
  return ['The upstream said:', `  status ${status ?? 'unknown'}`, ...lines, ...said].join('\n');
}

function textOf(details: DeadLetterDetails): string {
  const { entity, history } = details;
  const known = facts([
    ['id', details.id],
    ['type', details.type],
    ['subject', details.subject],
    ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
    ['tier, priority', `${details.tier}, ${details.priority}`],
    ['accepted', timeOf(details.acceptedAtMs)],
    ['given up', timeOf(details.deadLetteredAtMs)],
    ['expires', timeOf(details.expiresAtMs)],
    ['reason', `${details.code} ${details.message}`],
    ['may be applied', details.mayBeApplied ? 'yes: look at the upstream first' : 'no'],
    ['payload', details.hasPayload ? 'kept' : 'erased'],
  ]);
  return `${known}\n\n${historyTable(history, details.acceptedAtMs)}`;
}
