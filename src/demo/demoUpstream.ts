/**
 * Starts the misbehaving upstream of the demo in a process of its own.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HoldfastError } from '../../machines/vocabulary/errors.ts';
import type { UpstreamOptions } from '../testing/misbehavingUpstream.ts';
import type { LedgerEntry } from '../testing/upstreamLedger.ts';

/** The misbehaving upstream in a process of its own. */
export interface DemoUpstream {
  readonly url: string;
  readonly startOutage: (durationMs: number) => Promise<void>;
  readonly ledger: () => Promise<ReadonlyMap<string, LedgerEntry>>;
  /** How often it misbehaved in which way. */
  readonly misbehaviours: () => Promise<Record<string, number>>;
  readonly stop: () => void;
}

export async function startDemoUpstream(options: UpstreamOptions): Promise<DemoUpstream> {
  const program = fileURLToPath(new URL('./demoUpstreamProcess.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await firstUrl(child);
  return {
    url,
    async startOutage(durationMs) {
      await fetch(`${url}/_outage?ms=${durationMs}`, { method: 'POST' });
    },
    async ledger() {
      const text = await (await fetch(`${url}/_ledger`)).text();
      const lines = text.split('\n').filter((line) => line !== '');
      const entries = lines.map((line) => JSON.parse(line) as LedgerEntry);
      return new Map(entries.map((entry) => [entry.key, entry]));
    },
    async misbehaviours() {
      const summary = await (await fetch(`${url}/_summary`)).json();
      return (summary as { misbehaviours: Record<string, number> }).misbehaviours;
    },
    stop() {
      // It ends with its stdin.
      child.stdin.end();
    },
  };
}

async function firstUrl(child: ChildProcess & { stdout: NodeJS.ReadableStream }): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      reject(new HoldfastError('HF_INTERNAL', 'The upstream of the demo did not start.'));
    });
    createInterface(child.stdout).once('line', (line) => {
      resolve((JSON.parse(line) as { url: string }).url);
    });
  });
}
