/**
 * `holdfast/testing`: tools to test an app's handlers and its work with holdfast. Virtual time, seeded randomness, a
 * store that outlives its runtimes, and upstreams that misbehave and keep a ledger.
 *
 * @module
 */

export { type SeededRandom, seededRandom } from '../virtual/seededRandom.ts';
export { VIRTUAL_EPOCH_MS, VirtualClock } from '../virtual/virtualClock.ts';
export { type MergeCase, type MergeLaw } from './lawsOfMerges.ts';
export { type MergeLawOptions, mergeLaws } from './mergeLaws.ts';
export { type MisbehavingHandler, misbehavingHandler } from './misbehavingHandler.ts';
export {
  type MisbehavingUpstream,
  startMisbehavingUpstream,
  type UpstreamOptions,
} from './misbehavingUpstream.ts';
export { MISBEHAVIOURS, type Misbehaviour, type MisbehaviourOptions } from './misbehaviour.ts';
export { type RecordServer, type RecordServerOptions, startRecordServer } from './recordServer.ts';
export { RECORD_FAULTS, type RecordFault } from './records.ts';
export { createTestBed, type TestBed, type TestOptions, type TestProcess } from './testBed.ts';
export type { LedgerEntry, UpstreamLedger } from './upstreamLedger.ts';
