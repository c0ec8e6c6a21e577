/**
 * `holdfast operations cancel` and `holdfast operations retry`.
 *
 * @module
 */

import type { Command } from 'commander';
import type { OperationView } from '../../../../actors/port.ts';
import { isCrisisState } from '../../../../machines/crisis/crisisDemand.ts';
import { hasEnded, isGivenUp, isTakenBack } from '../../../../machines/operation/demand.ts';
import type { ManagementCall } from '../../../management/managementCall.ts';
import { cancelOperation, retryOperation, type Told } from '../../../management/operations.ts';
import { command, EXAMPLE_STORE, type JsonOptions, jsonOption } from '../../kit/command.ts';
import { EXIT } from '../../kit/exitCodes.ts';
import { ID_OR_END, operationId } from '../../kit/idEnd.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withStore } from '../../kit/withStore.ts';

export function cancelCommand(): Command {
  return tellCommand('cancel', cancelOperation, {
    description: 'end one; what its handler has done by then counts',
    notes: `At rest it is over once a process opens the store. Exit 1 where there was nothing to cancel.
A dead letter is forgotten by holdfast dead-letters purge; a crisis is called off by holdfast crises
call-off.`,
    done: ({ id, state }, isAtRest) => {
      if (isAtRest) return `${id} is cancelled: it ends when a process opens the store.`;
      return !isCrisisState(state) && isTakenBack(state)
        ? `${id} is cancelled: its handler has been asked to stop, and it ends once that has returned.`
        : `${id} is cancelled.`;
    },
  });
}

export function retryCommand(): Command {
  return tellCommand('retry', retryOperation, {
    description: 'try one again now: it waits for a retry, a decision or a review',
    notes: `One that waits for its turn, its lane or a handler has nothing to try again: exit 1. A dead letter is run
again by holdfast dead-letters replay.`,
    done: ({ id }, isAtRest) =>
      isAtRest
        ? `${id} is due: it is tried when a process opens the store.`
        : `${id} is due: it is tried as soon as its upstream takes it.`,
  });
}

function tellCommand(
  name: 'cancel' | 'retry',
  call: ManagementCall<{ readonly id: string }, Told>,
  about: {
    readonly description: string;
    readonly notes: string;
    readonly done: (operation: OperationView, isAtRest: boolean) => string;
  },
): Command {
  return command<StoreOptions & JsonOptions, [id: string]>({
    name,
    description: about.description,
    arguments: [['<id>', `id of the operation, ${ID_OR_END}`]],
    wholeId: operationId,
    options: [...storeOptions(), jsonOption()],
    notes: about.notes,
    examples: [`holdfast operations ${name} 01998a2c-… ${EXAMPLE_STORE}`],
    async run({ options, output }, id) {
      const { told, isAtRest } = await withStore(options, async (caller, how) => ({
        told: await caller.call(call, { id }),
        ...how,
      }));
      const { tookNotice, operation } = told;
      const { state } = operation;
      output.result(
        { id, done: tookNotice, state, isRunning: !isAtRest },
        tookNotice ? about.done(operation, isAtRest) : whyNot(name, operation),
      );
      return tookNotice ? EXIT.ok : EXIT.failed;
    },
  });
}

/** Says why nothing was changed, and what to do instead. */
function whyNot(name: 'cancel' | 'retry', { id, state, priority, wait }: OperationView): string {
  const isOver = !isCrisisState(state) && hasEnded(state);
  if (isOver && isGivenUp(state)) {
    return `${id} was given up. See holdfast dead-letters: replay runs it again, purge forgets it.`;
  }
  if (isOver) {
    return `${id} has ended already: ${state}. Nothing was changed.`;
  }
  if (priority === 'crisis') {
    return name === 'cancel'
      ? `${id} is a crisis: somebody has to answer for calling it off, by holdfast crises call-off.`
      : `${id} is a crisis, which is tried again by itself. Nothing was changed.`;
  }
  const why = wait === null ? `is in state ${state}` : `waits for: ${wait.reason}`;
  return `${id} ${why}. There is nothing to ${name}, and nothing was changed.`;
}
