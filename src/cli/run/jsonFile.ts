/**
 * Reads one JSON value from a file or stdin.
 *
 * @module
 */

import { text as textOf } from 'node:stream/consumers';
import { HoldfastError } from '../../../machines/vocabulary/errors.ts';
import type { Json } from '../../../machines/vocabulary/json.ts';
import { openInput } from './inputFile.ts';

/** @throws HoldfastError (rejects) `HF_INPUT_UNREADABLE` */
export async function readJson(path: string): Promise<Json> {
  const input = await openInput(path);
  try {
    return JSON.parse(await textOf(input.bytes())) as Json;
  } catch (cause) {
    throw new HoldfastError('HF_INPUT_UNREADABLE', `${input.name} holds no JSON.`, { path, cause });
  } finally {
    await input.close();
  }
}
