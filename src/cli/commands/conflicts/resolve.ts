/**
 * `holdfast conflicts resolve`.
 *
 * @module
 */

import { type Command, InvalidArgumentError } from 'commander';
import type { ConflictChoice } from '../../../../machines/conflict/conflictRecord.ts';
import { HoldfastError } from '../../../../machines/vocabulary/errors.ts';
import type { Person } from '../../../../machines/vocabulary/person.ts';
import type { ConflictOutcome } from '../../../management/conflict.ts';
import {
  aboutConflict,
  type ConflictResolution,
  previewConflict,
  resolveConflict,
} from '../../../management/conflicts.ts';
import type { Caller } from '../../../management/managementCall.ts';
import { parseCount } from '../../kit/argumentParsers.ts';
import {
  command,
  EXAMPLE_STORE,
  flag,
  type JsonOptions,
  jsonOption,
  value,
} from '../../kit/command.ts';
import { conflictId, ID_OR_END } from '../../kit/idEnd.ts';
import { byOption, decider, roleOption } from '../../kit/person.ts';
import { type StoreOptions, storeOptions } from '../../kit/storeOptions.ts';
import { withStore } from '../../kit/withStore.ts';
import { readJson } from '../../run/jsonFile.ts';
import { nameOf } from './conflictText.ts';
import { changesText } from './recordChanges.ts';

interface ResolveOptions extends StoreOptions, JsonOptions {
  readonly by: Person;
  readonly role?: string;
  readonly take?: number;
  readonly choose?: Readonly<Record<string, ConflictChoice>>;
  readonly side?: number;
  readonly valueFile?: string;
  readonly dryRun: boolean;
}

const WAYS = '--take, --choose, --side or --value-file';

export function resolveCommand(): Command {
  return command<ResolveOptions, [id: string]>({
    name: 'resolve',
    description: 'decide one: answer each question, or give the whole record',
    arguments: [['<id>', `id of the conflict, ${ID_OR_END}`]],
    wholeId: conflictId,
    options: [
      ...storeOptions(),
      byOption({ needsRole: false }),
      roleOption(),
      value(
        '--take <n>',
        'where it asks one thing: this alternative, or 0 to keep the present value',
        parseCount(0, 1_000_000),
      ),
      value(
        '--choose <path=n>',
        'this alternative for the question at this path, or of this number; repeat it for each',
        parseChoice,
      ),
      value(
        '--side <n>',
        'what this side has wherever something is asked; the rest stays',
        parseCount(1, 1_000),
      ),
      value('--value-file <file>', 'the whole record, as JSON (- for stdin)'),
      flag('--dry-run', 'show what would come of it, and decide nothing'),
      jsonOption(),
    ],
    notes: `What waits for it goes on at once; what went out already is followed by another edit. At rest the decision is
kept, and carried out when a process opens the store.`,
    examples: [
      `holdfast conflicts resolve 01998a2c-…-c1 --by staff-7:clinician --take 2 ${EXAMPLE_STORE}`,
      `holdfast conflicts resolve 01998a2c-…-c1 --by staff-7:clinician --choose /note=1 --choose 2=0 --dry-run ${EXAMPLE_STORE}`,
    ],
    async run({ options, output }, id) {
      const by = decider(options);
      const given = await givenBy(options);
      if (options.dryRun) {
        const { before, after } = await withStore(options, async (caller) =>
          caller.call(previewConflict, { id, by, ...(await answers(caller, id, given)) }),
        );
        const changes = changesText(before, after);
        const text = changes === '' ? 'Nothing would change.' : changes;
        output.result({ id, dryRun: true, before, after }, text);
        return;
      }
      const { outcome, isAtRest } = await withStore(options, async (caller, how) => ({
        outcome: await caller.call(resolveConflict, {
          ...{ id, by },
          ...(await answers(caller, id, given)),
        }),
        ...how,
      }));
      const text = `${id} is resolved by ${nameOf(by)}: ${whatFollows(outcome, isAtRest)}`;
      output.result({ ...outcome, isRunning: !isAtRest }, text);
    },
  });
}

/** Says what follows from a decision. */
export function whatFollows(outcome: ConflictOutcome, isAtRest: boolean): string {
  const { isToBeCarriedOut, isHeld, operationId } = outcome;
  if (isToBeCarriedOut) {
    return isAtRest
      ? 'it is carried out when a process opens the store.'
      : 'it is on disk, and carried out as soon as that is possible.';
  }
  if (operationId !== null) return `operation ${operationId} carries it out.`;
  return isHeld
    ? 'its operation does not wait for it any more, and nothing is sent.'
    : 'it stands already, and nothing is sent.';
}

type Given = Pick<ConflictResolution, 'choices' | 'value' | 'side'> & { readonly take?: number };

/** @throws HoldfastError (rejects) `HF_OPTION_INVALID` unless it is said in one way. */
async function givenBy({ take, choose, side, valueFile }: ResolveOptions): Promise<Given> {
  const ways = [take, choose, side, valueFile].filter((way) => way !== undefined);
  if (ways.length === 0) throw usage(`Say what you decide: ${WAYS}.`);
  if (ways.length > 1) throw usage(`Say it in one way: ${WAYS}.`);
  if (valueFile !== undefined) return { value: await readJson(valueFile) };
  if (choose !== undefined) return { choices: choose };
  return side === undefined ? { take: take ?? 0 } : { side };
}

/** The answers for `--take`: it answers the only question, or accepts the present value where there is none. */
async function answers(
  caller: Caller,
  id: string,
  { take, ...given }: Given,
): Promise<Omit<Given, 'take'>> {
  if (take === undefined) return given;
  const { questions } = await caller.call(aboutConflict, { id });
  if (questions > 1) {
    throw usage(
      `It asks ${questions} things: answer each, by --choose PATH=N or --choose NUMBER=N.`,
    );
  }
  return { choices: questions === 0 && take === 0 ? {} : { 1: { take } } };
}

/** Reads `/note=2`; the path may contain `=`. */
function parseChoice(
  text: string,
  before: Readonly<Record<string, ConflictChoice>> = {},
): Readonly<Record<string, ConflictChoice>> {
  const at = text.lastIndexOf('=');
  const take = at === -1 ? '' : text.slice(at + 1);
  if (!/^\d{1,6}$/.test(take)) {
    throw new InvalidArgumentError(
      'Give a path or the number of a question, and an alternative: /note=2.',
    );
  }
  const name = text.slice(0, at);
  if (Object.hasOwn(before, name)) throw new InvalidArgumentError('It is answered twice.');
  return { ...before, [name]: { take: Number(take) } };
}

function usage(message: string): HoldfastError {
  return new HoldfastError('HF_OPTION_INVALID', message);
}
