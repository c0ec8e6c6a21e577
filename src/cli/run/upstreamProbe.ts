/**
 * Warns when the upstream of `holdfast run` is not encrypted or not reachable.
 *
 * @module
 */

import { connect } from 'node:net';
import type { Output } from '../kit/output.ts';

const PROBE_TIMEOUT_MS = 2_000;
const LOOPBACK_HOST = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Warns when requests will cross a network unencrypted. */
export function warnOfPlainHttp(base: URL, output: Output): void {
  if (base.protocol === 'https:' || LOOPBACK_HOST.test(base.hostname)) return;
  output.say(
    `holdfast: warning: ${base.origin} is not https; others on the way can read requests.`,
  );
}

/**
 * Warns when the upstream can't be reached, so that a wrong URL does not look like a slow upstream. The run goes on:
 * requests are kept and tried again.
 */
export async function warnIfUnreachable(base: URL, output: Output): Promise<void> {
  const code = await connectionFailure(base);
  if (code === null) return;
  output.say(
    `holdfast: warning: ${base.origin} can't be reached now (${code}); ` +
      'requests are kept and sent when it can.',
  );
}

async function connectionFailure(base: URL): Promise<string | null> {
  const portDefault = base.protocol === 'https:' ? 443 : 80;
  const host = base.hostname.replace(/^\[(.*)\]$/, '$1');
  return await new Promise((resolve) => {
    const socket = connect({ host, port: base.port === '' ? portDefault : Number(base.port) });
    const end = (code: string | null): void => {
      socket.destroy();
      resolve(code);
    };
    // It must not keep the process alive.
    socket.unref();
    socket.setTimeout(PROBE_TIMEOUT_MS, () => {
      end('no answer');
    });
    socket.once('connect', () => {
      end(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? 'an error');
    });
  });
}
