/**
 * Permits of the flow control of this process: leases of slots.
 *
 * @module
 */

import { Stamp } from '../../machines/policy/flow/callReport.ts';
import type { FlowMeter } from '../../machines/policy/flow/flowMeter.ts';
import type { TypedCall } from '../../machines/policy/flow/typeTrials.ts';
import type { FlowControl, Permit } from '../operation/flowControl.ts';

/** The lease of a slot, which is the stamp of its call. */
export class SlotPermit extends Stamp implements Permit {
  readonly flow: FlowControl;
  /** The one that has stamped it. */
  readonly meter: FlowMeter;
  /** The breaker's when it was given. */
  readonly generation: number;
  readonly probeId: string | null;
  /** Whether the call went before what is more urgent, of the share that is for that. */
  readonly isShare: boolean;
  /** The key of the type or subject that is parked, and that it is a probe of; `null` for another call. */
  readonly probeOf: string | null;
  /** Operation whose call it is; `null` before that is known, and for a call that is no operation. */
  holder: TypedCall | null = null;

  constructor(
    flow: FlowControl,
    meter: FlowMeter,
    generation: number,
    probeId: string | null,
    isShare: boolean,
    probeOf: string | null,
  ) {
    super();
    this.flow = flow;
    this.meter = meter;
    this.generation = generation;
    this.probeId = probeId;
    this.isShare = isShare;
    this.probeOf = probeOf;
  }
}
