/**
 * `holdfast conflicts list`.
 *
 * @module
 */

import type { Command } from 'commander';
import { systemClock } from '../../../../actors/platform/systemClock.ts';
import {
  CONFLICT_STATES,
  type ConflictRecordState,
} from '../../../../machines/conflict/conflictRecord.ts';
import {
  CONFLICT_REASONS,
  type ConflictReason,
} from '../../../../machines/vocabulary/conflictReason.ts';
import type { Conflict } from '../../../management/conflict.ts';
import { type ConflictFilter, pageOfConflicts } from '../../../management/conflicts.ts';
import type { Caller } from '../../../management/managementCall.ts';
import { parseCount } from '../../kit/argumentParsers.ts';
import {
  command,
  EXAMPLE_STORE,
  flag,
  JSON_LINES,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { spanOf, table } from '../../kit/table.ts';
import { withStore } from '../../kit/withStore.ts';

interface ListOptions extends StoreOptions, JsonOptions {
  readonly all: boolean;
  readonly entity?: string;
  readonly type?: string;
  readonly state?: ConflictRecordState;
  readonly reason?: ConflictReason;
  readonly limit: number;
}

export function listCommand(): Command {
  return command<ListOptions>({
    name: 'list',
    description: 'list those that wait for a person, the newest first; never what they hold',
    options: [
      ...storeOptions(),
      flag('--all', 'those that are over as well'),
      value('--entity <type>', 'only about records of this kind, such as crisis_plan'),
      value('--type <type>', 'only of edits of this type'),
      value('--state <state>', 'only those in this state, over or not').choices(CONFLICT_STATES),
      value('--reason <reason>', 'only those that there are for this reason').choices(
        CONFLICT_REASONS,
      ),
      value('--limit <n>', 'how many to list', parseCount(1, 1_000_000), 100),
      jsonOption(JSON_LINES),
    ],
    examples: [
      `holdfast conflicts list ${EXAMPLE_STORE}`,
      `holdfast conflicts list ${EXAMPLE_STORE} --entity crisis_plan --all`,
      `holdfast conflicts list ${EXAMPLE_STORE} --json | jq -r .id`,
    ],
    async run({ options, output }) {
      const { all, entity, type, state, reason, limit } = options;
      const filter = { all, entityType: entity, type, state, reason };
      const { listed, isCut, unreadable } = await withStore(options, (caller) =>
        listOf(caller, filter, limit),
      );
      if (options.json) for (const conflict of listed) output.result(conflict, '');
      else {
        const isAny = entity === undefined && type === undefined && reason === undefined;
        const every = all || state !== undefined;
        const none =
          every || !isAny ? `No conflicts${isAny ? '' : ' match'}.` : 'No conflicts wait.';
        output.result({}, listed.length === 0 ? none : tableOf(listed, systemClock.now()));
      }
      if (unreadable > 0) {
        output.say(
          `holdfast: ${unreadable} more can't be opened or read; see holdfast doctor --deep.`,
        );
      }
      if (isCut) output.say(`holdfast: only the first ${limit}; --limit lists more.`);
    },
  });
}

async function listOf(
  caller: Caller,
  filter: ConflictFilter,
  limit: number,
): Promise<{
  readonly listed: readonly Conflict[];
  readonly isCut: boolean;
  readonly unreadable: number;
}> {
  const listed: Conflict[] = [];
  let unreadable = 0;
  for (let fromSeq: number | undefined; ; ) {
    const page = await caller.call(pageOfConflicts, { filter, order: 'newest', fromSeq });
    listed.push(...page.conflicts);
    unreadable += page.unreadable;
    if (listed.length > limit) return { listed: listed.slice(0, limit), isCut: true, unreadable };
    if (page.nextSeq === null) return { listed, isCut: false, unreadable };
    fromSeq = page.nextSeq;
  }
}

function tableOf(conflicts: readonly Conflict[], nowMs: number): string {
  return table(
    ['id', 'age', 'entity', 'asks', 'waits', 'state', 'reason', 'type'],
    conflicts.map((conflict) => [
      conflict.id,
      spanOf(nowMs - conflict.openedAtMs),
      conflict.entityType,
      // The columns after this one may be cut off by a narrow terminal.
      conflict.questions,
      conflict.isHeld ? 'yes' : '',
      stateOf(conflict),
      conflict.reason,
      conflict.type,
    ]),
  );
}

/** The state in words: a conflict that is decided and not carried out is neither open nor over. */
export function stateOf({ state, isToBeCarriedOut }: Conflict): string {
  return isToBeCarriedOut ? `${state}, to be carried out` : state;
}
