/**
 * `holdfast/testing`: tools to test an app's handlers and its work with holdfast. Virtual time, seeded randomness, a
 * store that outlives its runtimes, and upstreams that misbehave and keep a ledger.
 *
 * @module
 */

export {
  MISBEHAVIOURS,
  type Misbehaviour,
  type MisbehaviourOptions,
} from '../simulator/network/misbehaviour.ts';
export { RECORD_FAULTS, type RecordFault } from '../simulator/network/records.ts';
export type { LedgerEntry, UpstreamLedger } from '../simulator/network/upstreamLedger.ts';
export type {
  AppOptions,
  ServedAnswer,
  ServedRequest,
  SimulatedWorld,
} from '../simulator/scene/app.ts';
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
export { type RecordServer, type RecordServerOptions, startRecordServer } from './recordServer.ts';
export {
  type SimulateOptions,
  type SimulateReport,
  type SimulationFailure,
  simulate,
} from './simulate.ts';
export { createTestBed, type TestBed, type TestOptions, type TestProcess } from './testBed.ts';
