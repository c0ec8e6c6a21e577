/**
 * The path of a record from the names of its entity: `plans/{entity.id}`.
 *
 * @module
 */

import type { Attempt } from '../../actors/port.ts';
import { pathProblem } from '../../machines/policy/request/requestPath.ts';
import { permanentFailure } from '../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';

type Named = Pick<Attempt<unknown>, 'subject' | 'entity'>;

const NAMES: Readonly<Record<string, (attempt: Named) => string | undefined>> = {
  'entity.id': ({ entity }) => entity?.id,
  'entity.type': ({ entity }) => entity?.type,
  subject: ({ subject }) => subject,
};
const NAME = /\{([^{}]*)\}/g;

/** @throws HoldfastError `HF_OPTION_INVALID`. */
export function checkPathTemplate(template: string | undefined): void {
  if (template === undefined) return;
  const unknown = [...template.matchAll(NAME)].some(([, name = '']) => !Object.hasOwn(NAMES, name));
  requireOption(!unknown, 'path', `may name {${Object.keys(NAMES).join('}, {')}} and no more`);
  const problem = pathProblem(template.replace(NAME, 'x'));
  requireOption(
    problem === null,
    'path',
    `${problem ?? ''}; give one below baseUrl, such as plans/{entity.id}`,
  );
}

/** The path for an attempt. Names are encoded, so that no id leads elsewhere. */
export function pathOfEntity(template: string, attempt: Named): string {
  return template.replace(NAME, (_, name: string) => {
    const value = NAMES[name]?.(attempt);
    if (value !== undefined) return encodeURIComponent(value);
    throw permanentFailure('The path of httpHandler names an entity, and the request has none.', {
      code: 'HF_REQUEST_INVALID',
      field: 'entity',
    });
  });
}

/**
 * Refuses what the path could never be made of, before it is accepted.
 *
 * @throws HoldfastError `HF_REQUEST_INVALID` naming the field, and nothing of what it holds.
 */
export function checkNamesOfPath(template: string, request: Named): void {
  const names = [...template.matchAll(NAME)].map(([, name = '']) => name);
  if (names.some((name) => NAMES[name]?.(request) === undefined)) {
    throw unfit('entity', `is missing, and the path ${template} of httpHandler names it. Give one`);
  }
  const problem = pathProblem(pathOfEntity(template, request));
  if (problem === null) return;
  const alone = (name: string): string =>
    template.replace(NAME, (_, other: string) =>
      other === name ? encodeURIComponent(NAMES[name]?.(request) ?? '') : 'x',
    );
  const field = names.find((name) => pathProblem(alone(name)) !== null) ?? names.at(-1) ?? 'path';
  throw unfit(
    field,
    `can't stand in the path ${template} of httpHandler, which ${problem}. Give another, or a path with the request`,
  );
}

function unfit(field: string, problem: string): HoldfastError {
  return new HoldfastError('HF_REQUEST_INVALID', `${field} ${problem}. Nothing was stored.`, {
    ...{ field, withStack: false },
  });
}
