/**
 * What the drill and the process under drill tell each other.
 *
 * @module
 */

import type { ControlNotes, Plan } from '../measure/figures.ts';
import type { UpstreamPlace } from '../upstream/drillUpstream.ts';

/** The whole drill, or a form of it that is quick enough for every change. */
export type Form = 'full' | 'short';

/** How a disk is made full: a small file system of its own, a limit on the size of files, or not at all. */
export type SmallDisk = 'tmpfs' | 'limit' | 'none';

/** What the process under drill is told to do. */
export interface StageOrder {
  readonly scenario: string;
  /** `prepare`: what an earlier process has left behind. It is killed once it has said that it is done. */
  readonly step: 'prepare' | 'run';
  readonly form: Form;
  /** The folder of this scenario alone, with its store. */
  readonly folder: string;
  readonly disk: SmallDisk;
  readonly upstream: UpstreamPlace;
  /** Crises of this step. */
  readonly count: number;
  /** The number of the first; each crisis of a scenario has its own. */
  readonly firstNumber: number;
  /** Crises that an earlier process has left behind, which have to arrive as well. */
  readonly leftBehind: number;
  /** How long they are spread over. */
  readonly seconds: number;
  /** The name of the defect that its parts are given; `null` for none. */
  readonly plant: string | null;
}

/** Something that had to be seen, so that the drill knows that its fault was there. */
export interface Evidence {
  readonly isSeen: boolean;
  readonly text: string;
}

/** What came of a stream of crises, as the process that sent it has seen. Instants are those of `machineMs`. */
export interface StreamResult {
  readonly plan: Plan;
  /** When each was answered; not a number where it was not. */
  readonly answeredAtMs: Float64Array;
  /** For each answer: 1 where the subject's plan was pinned, so that no answer waits for it. */
  readonly isPinned: Uint8Array;
  /** For each answer: 1 where the crisis was accepted, and so has to arrive. */
  readonly isTaken: Uint8Array;
  /** For each answer: its bits of `ANSWER_FLAWS`. */
  readonly flaws: Uint8Array;
  /** For each answer: 1 where it held the person's own plan. */
  readonly hasPlan: Uint8Array;
  /** What the control noted at the instant of each. */
  readonly control: ControlNotes;
}

/** The notices that undelivered crises required: the person, the step, the latest time. */
export interface ToldRule {
  readonly step: string;
  /** The people whose crises they are. */
  readonly subjects: readonly string[];
  /** From when on a notice counts: when the channel was well, or an acknowledgement has lapsed. */
  readonly fromMs: number;
  /** By when it has to be there, from then on, in milliseconds as the runtime counts them. */
  readonly withinMs: number;
  /** How many times as fast as real time the clock of the runtime runs. */
  readonly pace: number;
}

/** What the process under drill has seen. */
export interface StageResult extends StreamResult {
  /** The number of the crisis that was due first. */
  readonly firstNumber: number;
  /** When the upstream was well again; `null` where it always was. */
  readonly wellAtMs: number | null;
  readonly toldRules: readonly ToldRule[];
  readonly evidence: readonly Evidence[];
}

/** What the process under drill says. */
export type StageReport =
  | { readonly kind: 'prepared'; readonly numbers: readonly number[] }
  | { readonly kind: 'done'; readonly result: StageResult }
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'failed'; readonly reason: string };
