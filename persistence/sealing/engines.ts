/**
 * The choice between the two crypto engines. They give the same bytes, so a store is opened by either.
 *
 * @module
 */

import type { CryptoEngine } from './cryptoEngine.ts';
import { nodeEngine } from './nodeEngine.ts';

/** `native`: OpenSSL through node:crypto. `portable`: JavaScript, `@noble/ciphers` and `@noble/hashes`. */
export const SEALINGS = ['native', 'portable'] as const;
export type Sealing = (typeof SEALINGS)[number];

/** The portable engine is loaded only where it is asked for. */
export async function engineOf(sealing: Sealing = 'native'): Promise<CryptoEngine> {
  return sealing === 'native' ? nodeEngine : (await import('./nobleEngine.ts')).nobleEngine;
}
