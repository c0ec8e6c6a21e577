/**
 * What the test kit of engines needs of one: its port, an upstream, and a process that can be killed
 * and started again.
 *
 * @module
 */

import type { Engine } from '../../actors/port.ts';
import type { ScriptedUpstream } from './scriptedUpstream.ts';

/** The part of the port that the kit asks, wherever the engine runs. */
export type EngineFace = Pick<
  Engine,
  'accept' | 'acceptMany' | 'crisis' | 'view' | 'outcome' | 'tell' | 'list' | 'health'
> & {
  readonly deadLetters: Pick<Engine['deadLetters'], 'page' | 'find' | 'replay' | 'purge'>;
};

/** What an engine declares that it can do, instead of tests that are left out by name. */
export interface Capabilities {
  /** Of two that wait for one place the more urgent always goes first. */
  readonly exactPriority: boolean;
  /** Hours can pass in a test. */
  readonly virtualTime: boolean;
  /** A crisis whose `durable` has resolved outlives the death of its process. */
  readonly crisisDurableLocally: boolean;
}

/** Each type of the kit, and what its handler is like. */
export const KIT_TYPES = {
  /** Its upstream honours idempotency keys. */
  put: 'kit.put',
  /** Its upstream does not. */
  unsafe: 'kit.unsafe',
  /** A dead letter holds its lane. */
  strict: 'kit.strict',
  /** One place. */
  narrow: 'kit.narrow',
} as const;

/** Retry classes: premium is tried again at once, basic after {@link SLOW_RETRY_MS}, trial gives up after three. */
export const SLOW_RETRY_MS = 60_000;

export interface EngineScene {
  readonly upstream: ScriptedUpstream;
  /** The engine of the process that lives now. */
  readonly engine: EngineFace;
  /** The process dies as by SIGKILL: it does nothing more, and nothing is closed. */
  kill(): Promise<void>;
  /** Another process over the same data; resolves once it accepts work. */
  restart(): Promise<void>;
  /** Milliseconds since the epoch, by the clock of the engine. */
  now(): number;
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>;
  /** What a behaviour comes to, letting time pass as it needs; rejects if it takes too long. */
  perform(behaviour: Promise<void>): Promise<void>;
  dispose(): Promise<void>;
}
