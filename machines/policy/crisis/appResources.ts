/**
 * What an app has configured for people in crisis, read for what helps (CR-3): what helps nobody is left
 * out and reported, and no start is refused for it.
 *
 * @module
 */

import { HoldfastError, isHoldfastError } from '../../vocabulary/errors.ts';
import { isObject, requireOption } from '../../vocabulary/optionFields.ts';
import { type CrisisResource, checkResource } from './crisisResources.ts';
import { type CrisisWords, checkWords } from './crisisWords.ts';

/** The entries of an app's list that can be used, and why the others can't. */
export interface SoundList<Entry> {
  readonly sound: readonly Entry[];
  /** Why each of the others was left out, with its place in the list. */
  readonly leftOut: readonly HoldfastError[];
}

/** The resources that help somebody, by the rules of plans; fields that are not known are left out. */
export function soundResources(
  given: readonly unknown[],
  field: string,
): SoundList<CrisisResource> {
  return soundList(given, field, (entry, at) => {
    requireOption(isObject(entry), at, 'must be { kind, name, regions, phone, … }');
    const resource = checkResource(known(entry), at);
    const { kind, phone, text, url, note } = resource;
    // A step says by its name what to do; what is to be reached needs a way there.
    const helps = kind === 'plan' || [phone, text, url, note].some((way) => way !== undefined);
    requireOption(helps, at, 'has no phone, text, url or note, so that it helps nobody');
    return resource;
  });
}

/** The words of an app that can be shown. */
export function soundWords(given: readonly unknown[], field: string): SoundList<CrisisWords> {
  return soundList(given, field, checkWords);
}

function soundList<Entry>(
  given: readonly unknown[],
  field: string,
  check: (entry: unknown, at: string) => Entry,
): SoundList<Entry> {
  const sound: Entry[] = [];
  const leftOut: HoldfastError[] = [];
  for (const [index, entry] of given.entries()) {
    const at = `${field}[${index}]`;
    try {
      sound.push(check(entry, at));
    } catch (error) {
      leftOut.push(leftOutOf(at, error));
    }
  }
  return { sound, leftOut };
}

const FIELDS = ['kind', 'name', 'regions', 'phone', 'text', 'url', 'note'] as const;

function known(entry: object): Record<string, unknown> {
  return Object.fromEntries(
    FIELDS.map((name) => [name, Reflect.get(entry, name) as unknown]).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Record<string, unknown>;
}

function leftOutOf(at: string, error: unknown): HoldfastError {
  const why = isHoldfastError(error) ? error.message : `${at} can't be read.`;
  return new HoldfastError(
    'HF_OPTION_INVALID',
    `${why} It is in no answer to a crisis: correct it, and restart.`,
    { field: (isHoldfastError(error) ? error.field : undefined) ?? at, withStack: false },
  );
}
