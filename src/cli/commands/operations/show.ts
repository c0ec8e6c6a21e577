/**
 * `holdfast operations show`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { OperationView } from '../../../../actors/port.ts';
import { pageOfConflicts } from '../../../management/conflicts.ts';
import type { Caller } from '../../../management/managementCall.ts';
import { showOperation } from '../../../management/operations.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption } from '../../kit/command.ts';
import { historyTable } from '../../kit/historyTable.ts';
import { ID_OR_END, operationId } from '../../kit/idEnd.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { facts, timeOf } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

export function showCommand(): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name: 'show',
    description: 'show one: its state, what it waits for, and what happened to it',
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: operationId,
    options: [...storeOptions(), jsonOption()],
    examples: [`holdfast operations show 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const { view, conflictId } = await withStore(options, async (caller) => {
        const shown = await caller.call(showOperation, { id });
        return { view: shown, conflictId: await conflictOf(caller, shown) };
      });
      output.result(conflictId === null ? view : { ...view, conflictId }, textOf(view, conflictId));
    },
  });
}

/** The conflict that it waits for a person to decide; `null` where there is none. */
async function conflictOf(caller: Caller, { id, wait }: OperationView): Promise<string | null> {
  if (wait?.reason !== 'conflict') return null;
  for (let fromSeq: number | undefined; ; ) {
    const filter = { operationId: id };
    const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
    const [found] = page.conflicts;
    if (found !== undefined) return found.id;
    if (page.nextSeq === null) return null;
    fromSeq = page.nextSeq;
  }
}

function textOf(view: OperationView, conflictId: string | null): string {
  const { entity, wait, failure, history } = view;
  const until = wait?.untilAtMs ?? null;
  const known = facts([
    ['id', view.id],
    ['type', view.type],
    ['state', view.state],
    ['waits for', wait === null ? '' : `${wait.reason} since ${timeOf(wait.sinceAtMs)}`],
    ['conflict', conflictId === null ? '' : `${conflictId}: holdfast conflicts show`],
    ['until', timeOf(until)],
    ['next try', view.retryAtMs === until ? '' : timeOf(view.retryAtMs)],
    ['subject', view.subject],
    ['entity', entity === null ? '' : `${entity.type} ${entity.id}`],
    ['key at the upstream', view.idempotencyKey],
    ['tags', view.tags.join(', ')],
    ['tier, priority', `${view.tier}, ${view.priority}`],
    ['attempt', view.attempt],
    ['accepted', timeOf(view.acceptedAtMs)],
    ['ended', timeOf(view.settledAtMs)],
    ['expires', timeOf(view.expiresAtMs)],
    ['last failure', failure === null ? '' : `${failure.code} ${failure.message}`],
  ]);
  return history.length === 0 ? known : `${known}\n\n${historyTable(history, view.acceptedAtMs)}`;
}
