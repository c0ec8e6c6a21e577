/**
 * Examples of merges as they are written in JSON.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import type { SideMeta } from '../../../machines/merge/sides.ts';

export interface Assert {
  readonly op: string;
  readonly path?: string;
  readonly key?: string;
  readonly value?: unknown;
  readonly values?: readonly unknown[];
  readonly paths?: readonly string[];
}

export interface ExampleSide {
  readonly value: unknown;
  readonly meta: SideMeta;
}

export interface Example {
  readonly id: string;
  readonly entityType: string;
  readonly title: string;
  readonly base: unknown;
  readonly local: unknown;
  readonly remote: unknown;
  readonly meta: {
    readonly now: number;
    readonly local: SideMeta;
    readonly remote: SideMeta;
    readonly others?: readonly ExampleSide[];
  };
  readonly expect: {
    readonly convergent: boolean;
    readonly review: boolean | 'either';
    readonly asserts: readonly Assert[];
  };
}

export function readExamples(path: string): readonly Example[] {
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly Example[] };
  return cases;
}

export function sidesOfExample({ local, remote, meta }: Example): readonly ExampleSide[] {
  return [
    { value: unpacked(local), meta: meta.local },
    { value: unpacked(remote), meta: meta.remote },
    ...(meta.others ?? []).map((one) => ({ ...one, value: unpacked(one.value) })),
  ];
}

/** `{ $rawJson }` stands for what JSON.parse makes of it. */
export function unpacked(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const raw = (value as { readonly $rawJson?: unknown }).$rawJson;
  return typeof raw === 'string' ? JSON.parse(raw) : value;
}
