/**
 * What can be set for crises of outside callers: other processes of the machine, which ask over a socket.
 * Off unless it is given (CR-1).
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import {
  count,
  type MatchRule,
  type OptionRules,
  requireOption,
} from '../../machines/vocabulary/optionFields.ts';

/** Crises of callers on this machine, over HTTP on loopback. At least one of the tokens has to be given. */
export interface OutsideHttpOptions {
  /**
   * For the app's own back end, which knows for whom it asks: answers hold the plan of the subject, and whether it is
   * in crisis mode. Callers send it as `Authorization: Bearer …`; 32 to 256 printable characters. It is refused to a page.
   */
  readonly token?: string | undefined;
  /**
   * For pages in browsers, and for whatever else can't keep a secret: answers hold the help lines and what the app has
   * configured, and the crisis is delivered, but no answer says anything of the subject (`plan: 'withheld'`). The
   * form of `token`, and another one.
   */
  readonly pagesToken?: string | undefined;
  /** The port; default 0, for any free one, which health names. */
  readonly port?: number | undefined;
  /** The address: one of loopback and no other. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Names, beside those of loopback, by which callers may ask (the header `Host`): `crisis.internal`. */
  readonly hosts?: readonly string[] | undefined;
  /** Pages in browsers that may ask, with `pagesToken` (the header `Origin`): `https://app.example`. Default none. */
  readonly origins?: readonly string[] | undefined;
  /**
   * The number of different subjects within ten minutes from which a token is reported (`onError`, the fact
   * `crisis.manySubjects`), since its user may be guessing. No request is refused for it. Default 50.
   */
  readonly manySubjects?: number | undefined;
}

/** Crises of outside callers, answered by a thread of their own, so that a blocked event loop delays none. */
export interface OutsideOptions {
  /**
   * A Unix socket, made with rights for its owner alone, in a folder that nobody else may enter: its
   * absolute path, or `true` for `crisis.sock` in the store's folder.
   */
  readonly socketPath?: string | true | undefined;
  readonly http?: OutsideHttpOptions | undefined;
}

/** A caller: the app's own back end, or a page in a browser. */
export type OutsideCaller = 'backend' | 'page';

/** The address on which callers ask over HTTP. The tokens are not kept. */
export interface OutsideHttp {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the token of each, in hex; `null` where there is none. */
  readonly tokenDigests: Readonly<Record<OutsideCaller, string | null>>;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly manySubjects: number;
}

/** The options with every default filled in. */
export interface CheckedOutside {
  readonly socketPath: string | null;
  readonly http: OutsideHttp | null;
}

/** The longest path that fits a socket address on every system (sun_path, less its end). */
const SOCKET_PATH_BYTES_MAX = 103;
const SOCKET_NAME = 'crisis.sock';
/** 32 characters of base64 are 192 bits; one that is guessed opens the door to every upstream of crises. */
const TOKEN = /^[\x21-\x7e]{32,256}$/;
const HOST_NAME = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$/i;

const TOKEN_RULE: MatchRule = {
  matches: (token) => typeof token === 'string' && TOKEN.test(token),
  rule: 'must be a text of 32 to 256 printable ASCII characters without spaces, such as openssl rand -base64 32 gives',
};
/** The default: so many people in crisis within ten minutes are rare. */
const MANY_SUBJECTS = 50;

const HTTP_RULES: OptionRules<OutsideHttpOptions> = {
  token: TOKEN_RULE,
  pagesToken: TOKEN_RULE,
  port: { min: 0, max: 65_535, whole: true },
  host: {
    matches: isLoopback,
    rule: 'must be an address of loopback, such as 127.0.0.1 or ::1: crises are served on this machine only; put a proxy of your own before it for others',
  },
  hosts: {
    each: {
      matches: (name) => typeof name === 'string' && HOST_NAME.test(name),
      rule: 'must be the name of a host, without a port',
    },
  },
  origins: {
    each: {
      matches: (origin) =>
        typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin,
      rule: 'must be the origin of a page, such as https://app.example, without a path',
    },
  },
  manySubjects: count(1, 100_000),
};

const SOCKET_PATH: MatchRule = {
  matches: (path) => path === true || (typeof path === 'string' && isAbsolute(path) && fits(path)),
  rule: `must be true, for ${SOCKET_NAME} in the store's folder, or an absolute path of at most ${SOCKET_PATH_BYTES_MAX} bytes`,
};

/** What the option `crisis.outside` may be. */
export const OUTSIDE_RULES: OptionRules<OutsideOptions> = {
  socketPath: SOCKET_PATH,
  http: { fields: HTTP_RULES },
};

/**
 * The option with every default filled in.
 *
 * @param store the folder of the store, or `:memory:`
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function checkOutside(
  outside: OutsideOptions | undefined,
  store: string,
): CheckedOutside | null {
  if (outside === undefined) return null;
  const { socketPath, http } = outside;
  requireOption(
    socketPath !== undefined || http !== undefined,
    'crisis.outside',
    'must have a socketPath, or http, or both; leave it out to serve no outside callers',
  );
  return {
    socketPath: socketPath === true ? besideStore(store) : (socketPath ?? null),
    http: http === undefined ? null : checkedHttp(http),
  };
}

/** The path of the socket in the store's folder, for its server and its callers. */
export function socketBeside(store: string): string {
  return join(resolve(store), SOCKET_NAME);
}

/** The digest by which a token is known without being kept. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function besideStore(store: string): string {
  const field = 'crisis.outside.socketPath';
  requireOption(
    store !== ':memory:',
    field,
    'must be a path where the store is in memory: it has no folder',
  );
  const path = socketBeside(store);
  requireOption(
    fits(path),
    field,
    `must be a path of at most ${SOCKET_PATH_BYTES_MAX} bytes, and that of ${SOCKET_NAME} in the store's folder is longer: give one elsewhere`,
  );
  return path;
}

function checkedHttp(http: OutsideHttpOptions): OutsideHttp {
  const { token, pagesToken, port, host, hosts, origins = [], manySubjects } = http;
  const field = 'crisis.outside.http';
  requireOption(
    token !== undefined || pagesToken !== undefined,
    field,
    "must have a token, for the app's own back end, or a pagesToken, for pages in browsers, or both",
  );
  requireOption(
    token !== pagesToken,
    `${field}.pagesToken`,
    'must be another than token: whoever reads it in a page would get the plan of everybody',
  );
  requireOption(
    pagesToken !== undefined || origins.length === 0,
    `${field}.pagesToken`,
    'is missing: pages (origins) ask with a token of their own, which shows nobody a plan. It must be a text of 32 to 256 characters, such as openssl rand -base64 32 gives',
  );
  const digest = (given: string | undefined): string | null =>
    given === undefined ? null : digestOf(given);
  return {
    host: host ?? '127.0.0.1',
    port: port ?? 0,
    tokenDigests: { backend: digest(token), page: digest(pagesToken) },
    hosts: (hosts ?? []).map((name) => name.toLowerCase()),
    origins,
    manySubjects: manySubjects ?? MANY_SUBJECTS,
  };
}

function isLoopback(host: unknown): boolean {
  if (typeof host !== 'string') return false;
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX;
}
