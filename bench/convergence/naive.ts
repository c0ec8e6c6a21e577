/**
 * What an app does by itself where a write is refused since another version is there: it asks for the version that
 * is there, and writes its own record over it. The last writer wins.
 *
 * @module
 */

import type { JsonObject } from '../../machines/vocabulary/shape.ts';
import type { Figures } from './figures.ts';
import { begun, edited, pathOf } from './records.ts';

/** Requests of one device under way. */
const AT_ONCE = 10;

/** One device, with everything that it has edited offline. */
export class NaiveDevice {
  readonly #url: string;
  readonly #device: number;
  readonly #figures: Figures;
  readonly #versions = new Map<number, string>();
  readonly #edits = new Map<number, JsonObject>();

  constructor(url: string, device: number, figures: Figures) {
    this.#url = url;
    this.#device = device;
    this.#figures = figures;
  }

  /** Asks for the versions that all begin with. */
  async begin(records: readonly number[]): Promise<void> {
    const waiting = records.values();
    const ask = async (): Promise<void> => {
      for (const record of waiting) {
        const answer = await fetch(`${this.#url}${pathOf(record)}`);
        await answer.text();
        this.#versions.set(record, answer.headers.get('etag') ?? '');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
  }

  edit(record: number): void {
    this.#edits.set(record, edited(begun(record), this.#device));
  }

  /** Sends everything. */
  async connect(): Promise<void> {
    const waiting = this.#edits.entries();
    const send = async (): Promise<void> => {
      for (const [record, value] of waiting) await this.#send(record, value);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, send));
  }

  async #send(record: number, value: JsonObject): Promise<void> {
    const url = `${this.#url}${pathOf(record)}`;
    let detectedAtMs: number | null = null;
    let version = this.#versions.get(record) ?? '';
    for (let attempt = 0; ; attempt++) {
      const answer = await fetch(url, {
        method: 'PUT',
        headers: {
          'content-type': 'application/json',
          'if-match': version,
          'idempotency-key': `naive-${this.#device}-${record}-${attempt}`,
        },
        body: JSON.stringify(value),
      });
      await answer.text();
      if (answer.ok) break;
      detectedAtMs ??= performance.now();
      const current = await fetch(url);
      await current.text();
      version = current.headers.get('etag') ?? '';
    }
    if (detectedAtMs !== null) this.#figures.conflicts.push(performance.now() - detectedAtMs);
  }
}
