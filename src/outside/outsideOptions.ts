/**
 * What can be set for crises of outside callers: other processes of the machine, which ask over a socket.
 * Off unless it is given (CR-1).
 *
 * @module
 */

import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import { requireOption } from '../../machines/vocabulary/optionFields.ts';
import type { MatchRule, OptionRules } from '../../machines/vocabulary/optionRules.ts';

/** Crises of callers on this machine, over HTTP on loopback. */
export interface OutsideHttpOptions {
  /** What callers prove themselves with (`Authorization: Bearer …`): 32 to 256 printable characters. */
  readonly token: string;
  /** The port; default 0, for any free one, which health names. */
  readonly port?: number | undefined;
  /** The address: one of loopback and no other. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Names, beside those of loopback, by which callers may ask (the header `Host`): `crisis.internal`. */
  readonly hosts?: readonly string[] | undefined;
  /** Pages in browsers that may ask (the header `Origin`): `https://app.example`. Default none. */
  readonly origins?: readonly string[] | undefined;
}

/** Crises of outside callers, served by a thread of its own, so that a blocked event loop delays none. */
export interface OutsideOptions {
  /**
   * A Unix socket, made with rights for its owner alone, in a folder that nobody else may enter: its
   * absolute path, or `true` for `crisis.sock` in the store's folder.
   */
  readonly socketPath?: string | true | undefined;
  readonly http?: OutsideHttpOptions | undefined;
}

/** The address on which callers ask over HTTP. The token is not kept. */
export interface OutsideHttp {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the token, in hex. */
  readonly tokenDigest: string;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
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

const HTTP_RULES: OptionRules<OutsideHttpOptions> = {
  token: {
    required: {
      matches: (token) => typeof token === 'string' && TOKEN.test(token),
      rule: 'must be a text of 32 to 256 printable ASCII characters without spaces, such as openssl rand -base64 32 gives',
    },
  },
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

/** The path of the socket in the store's folder, also for who wants to ask there. */
export function socketBeside(store: string): string {
  return join(resolve(store), SOCKET_NAME);
}

/** How a token is known without being kept. */
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

function checkedHttp({ token, port, host, hosts, origins }: OutsideHttpOptions): OutsideHttp {
  return {
    host: host ?? '127.0.0.1',
    port: port ?? 0,
    tokenDigest: digestOf(token),
    hosts: (hosts ?? []).map((name) => name.toLowerCase()),
    origins: origins ?? [],
  };
}

function isLoopback(host: unknown): boolean {
  if (typeof host !== 'string') return false;
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function fits(path: string): boolean {
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX;
}
