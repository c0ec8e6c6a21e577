/**
 * The method and the path of each type of request in a file, and headers from a file.
 *
 * @module
 */

import { InvalidArgumentError } from 'commander';
import type { Attempt, Run } from '../../../actors/port.ts';
import { isTypeName, pathProblem } from '../../../machines/policy/request/request.ts';
import {
  permanentFailure,
  transientFailure,
} from '../../../machines/policy/retry/classifyFailure.ts';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import { readSecretFile } from '../../../persistence/sealing/secretFile.ts';
import { httpHandler } from '../../http/httpHandler.ts';
import { checkHeaders } from '../../http/requestHeaders.ts';

/** A value for some types; `*` stands for all others. */
export type ByType = ReadonlyMap<string, string>;

const ALL = '*';
/** The placeholder in a path for the id of the request's entity. */
const ENTITY = '{entity}';
const HEADER_FILE = {
  what: 'header file',
  exposed: 'HF_OPTION_INVALID',
  mayBePipe: false,
} as const;

/** Reads `payments.push=PUT`, one more each time that the option is given. */
export function parseMethod(text: string, before?: ByType): ByType {
  return withType(text, before, (method) =>
    /^(?:GET|POST|PUT|PATCH|DELETE)$/.test(method) ? null : 'is GET, POST, PUT, PATCH or DELETE',
  );
}

/** Reads `payments.push=v2/payments/{entity}`, one more each time that the option is given. */
export function parsePath(text: string, before?: ByType): ByType {
  return withType(text, before, (path) => pathProblem(path.replaceAll(ENTITY, 'x')));
}

function withType(
  text: string,
  before: ByType | undefined,
  problemOf: (given: string) => string | null,
): ByType {
  const at = text.indexOf('=');
  const [type, given] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || given === '' || (type !== ALL && !isTypeName(type))) {
    throw new InvalidArgumentError('Give a type and what it has: payments.push=…, or *=… for all.');
  }
  const problem = problemOf(given);
  if (problem !== null) throw new InvalidArgumentError(`What follows the type ${problem}.`);
  return new Map([...(before ?? []), [type, given]]);
}

/** Makes the function that performs attempts of every type. Method and path of a request override those of its type. */
export function sender(how: {
  readonly upstream: string;
  readonly allowInsecure: boolean;
  readonly headerFile: string | undefined;
  readonly methods: ByType;
  readonly paths: ByType;
}): Run {
  const { headerFile, methods, paths } = how;
  const handlers = new Map<string | undefined, Run>();
  const handlerOf = (method: string | undefined): Run => {
    const known = handlers.get(method);
    if (known !== undefined) return known;
    const { upstream: baseUrl, allowInsecure } = how;
    const headers = headerFile === undefined ? undefined : () => freshHeaders(headerFile);
    const made = httpHandler({ baseUrl, allowInsecure, headers, method });
    handlers.set(method, made);
    return made;
  };
  // Bad options are refused before anything is stored.
  handlerOf(undefined);
  return (attempt) => {
    const { type } = attempt;
    const path = paths.get(type) ?? paths.get(ALL);
    const handler = handlerOf(methods.get(type) ?? methods.get(ALL));
    if (path === undefined || attempt.path !== null) return handler(attempt);
    return handler(withPath(attempt, filledIn(path, attempt)));
  };
}

function filledIn(path: string, { entity }: Attempt): string {
  if (!path.includes(ENTITY)) return path;
  if (entity !== null) return path.replaceAll(ENTITY, encodeURIComponent(entity.id));
  throw permanentFailure(
    `The path of its type has ${ENTITY}, and the request names no entity; nothing was sent.`,
    { code: 'HF_REQUEST_INVALID', field: 'entity' },
  );
}

/** The attempt with this path; the rest of it is made only where it is asked for. */
function withPath(attempt: Attempt, path: string): Attempt {
  return new Proxy(attempt, {
    get: (target, name) => (name === 'path' ? path : (Reflect.get(target, name) as unknown)),
  });
}

/**
 * The headers of a file: a line each, `Name: value`; blank ones and those that begin with `#` say nothing.
 *
 * @throws HoldfastError (rejects) `HF_OPTION_INVALID` for a file that can't be read, that others can read, or
 * that holds something else. No message repeats what it holds.
 */
export async function readHeaders(path: string): Promise<Readonly<Record<string, string>>> {
  const lines = (await readSecretFile(path, HEADER_FILE)).split(/\r?\n/);
  const headers: Record<string, string> = {};
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, value] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new HoldfastError(
        'HF_OPTION_INVALID',
        `Line ${index + 1} of the header file is no header. Give a line each: Authorization: Bearer …`,
        { field: '--header-file', path, line: index + 1 },
      );
    }
    headers[name] = value;
  }
  checkHeaders(headers);
  return headers;
}

/** A token may be replaced while a run goes on, so the file is read for each attempt. */
async function freshHeaders(path: string): Promise<Readonly<Record<string, string>>> {
  try {
    return await readHeaders(path);
  } catch (cause) {
    throw transientFailure('The header file can not be used; nothing was sent.', {
      notApplied: true,
      cause,
    });
  }
}
