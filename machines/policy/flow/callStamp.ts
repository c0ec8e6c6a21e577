/**
 * What a flow meter remembers of a call that is under way (PF-6).
 *
 * @module
 */

/** What a call that began is known by. It is given back once; a second time is ignored. */
export interface CallStamp {
  readonly beganAtMs: number;
}

/** Stamp of a call as the meter reads it. */
export class Stamp implements CallStamp {
  /** Moved once, where the call waited for something else than its upstream. */
  beganAtMs: number;
  /** The round of a ramp that it belongs to. */
  readonly round: number;
  /** Begins and ends of outages before it: a call of before the last takes none of the slots that are open now. */
  readonly outage: number;
  /** Outages and overloads before it: a call of before the last one says nothing about now. */
  readonly epoch: number;
  state: 'inFlight' | 'overhanging' | 'givenBack' = 'inFlight';

  constructor(beganAtMs: number, round: number, outage: number, epoch: number) {
    this.beganAtMs = beganAtMs;
    this.round = round;
    this.outage = outage;
    this.epoch = epoch;
  }
}
