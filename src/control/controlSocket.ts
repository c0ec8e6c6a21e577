/**
 * Where the owner of a store can be asked, and the words both sides use: one line of JSON each way.
 *
 * @module
 */

import { join, relative } from 'node:path';
import type { PlainError } from '../../machines/vocabulary/errors.ts';
import type { ServiceAnswer, ServiceCall } from '../management/serviceCalls.ts';
import type { HealthStatus } from '../views/health.ts';
import type { OperationPage } from '../views/operationPage.ts';

/** The longest path that fits a socket address on every system (sun_path, less its end). */
const SOCKET_PATH_BYTES_MAX = 103;

/** What can be asked, with its parameters and its answer. */
export interface ControlMethods {
  readonly health: { readonly params: Record<string, never>; readonly result: HealthStatus };
  readonly release: {
    readonly params: Record<string, never>;
    readonly result: { readonly wasHeld: boolean };
  };
  readonly operations: {
    readonly params: { readonly afterSeq: number; readonly limit: number };
    readonly result: OperationPage;
  };
  readonly deadLetters: { readonly params: ServiceCall; readonly result: ServiceAnswer };
  readonly quarantine: { readonly params: ServiceCall; readonly result: ServiceAnswer };
}

export type ControlRequest = {
  [Method in keyof ControlMethods]: {
    readonly method: Method;
    readonly params: ControlMethods[Method]['params'];
  };
}[keyof ControlMethods];

export type ControlResponse =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: PlainError };

/** The address of the owner's socket; `null` when the folder's path is too long for one. */
export function controlSocketPath(storeFolder: string): string | null {
  const absolute = join(storeFolder, 'control.sock');
  const candidates = [absolute, relative(process.cwd(), absolute)];
  return candidates.find((path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX) ?? null;
}
