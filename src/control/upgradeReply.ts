/**
 * The owner's answers to a connection that asks for another protocol.
 *
 * @module
 */

import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../machines/vocabulary/clock.ts';
import { type HoldfastError, toPlainError } from '../../machines/vocabulary/errors.ts';
import type { ControlAnswer } from './controlSocket.ts';

/** Time for a refused client to read the answer. */
const REFUSED_WITHIN_MS = 10_000;

export interface UpgradeRefusal {
  readonly status: number;
  readonly error: HoldfastError;
}

/** The head of the answer that upgrades the connection. */
export function upgradeHead(
  protocol: string,
  more: Readonly<Record<string, string | number>> = {},
): string {
  const headers = { upgrade: protocol, connection: 'Upgrade', ...more };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return ['HTTP/1.1 101 Switching Protocols', ...lines, '', ''].join('\r\n');
}

/** Refuses with the reason and ends the connection: one that stays open would take a place from others. */
export function refuseUpgrade(
  socket: Duplex,
  clock: Clock,
  { status, error, protocol }: UpgradeRefusal & { readonly protocol: string },
): void {
  const text = `${JSON.stringify({ error: toPlainError(error) } satisfies ControlAnswer)}\n`;
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
    ...(status === 426 ? [`upgrade: ${protocol}`] : []),
    '',
    text,
  ].join('\r\n');
  socket.end(head);
  const cancel = clock.schedule(REFUSED_WITHIN_MS, () => {
    socket.destroy();
  });
  socket.once('close', cancel);
  socket.resume();
}
