/**
 * Permits of the flow control of this process: leases of slots.
 *
 * @module
 */

import type { CallStamp } from '../../machines/policy/flow/callReport.ts';
import type { FlowMeter } from '../../machines/policy/flow/flowMeter.ts';
import type { TypedCall } from '../../machines/policy/flow/typeTrials.ts';
import type { FlowControl, Permit } from '../operation/flowControl.ts';

/** The lease of a slot. */
export class SlotPermit implements Permit {
  readonly flow: FlowControl;
  readonly timeoutMs: number;
  /** The breaker's when it was given. */
  readonly generation: number;
  readonly probeId: string | null;
  /** It went before what is more urgent, of the share that is for that. */
  readonly isShare: boolean;
  readonly meter: FlowMeter;
  readonly stamp: CallStamp;
  /** The key of the type or subject that is parked, and that it is a probe of; `null` for another call. */
  readonly probeOf: string | null;
  /** Whose call it is; `null` before that is known, and of a call that is no operation. */
  holder: TypedCall | null = null;
  state: 'out' | 'told' | 'back' = 'out';

  constructor(
    flow: FlowControl,
    meter: FlowMeter,
    stamp: CallStamp,
    generation: number,
    probeId: string | null,
    isShare: boolean,
    probeOf: string | null,
  ) {
    this.flow = flow;
    this.timeoutMs = meter.timeoutMs;
    this.meter = meter;
    this.stamp = stamp;
    this.generation = generation;
    this.probeId = probeId;
    this.isShare = isShare;
    this.probeOf = probeOf;
  }

  get beganAtMs(): number {
    return this.stamp.beganAtMs;
  }
}
