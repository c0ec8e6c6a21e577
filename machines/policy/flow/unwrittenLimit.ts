/**
 * How much may be kept in memory for a disk that is late or answers nothing (OP-6, PS-6): so many
 * operations, and so many bytes of what they carry, for a few large payloads weigh as much as many small.
 *
 * @module
 */

/** What there is already, before the one that is asked about. */
export interface Unwritten {
  readonly count: number;
  readonly bytes: number;
}

/** The options that bound it. */
export interface UnwrittenLimits {
  readonly residentsMax: number;
  readonly unwrittenBytesMax: number;
}

/**
 * Half a minute of 1,000 requests a second of 1 KiB, and little beside the heap that Node
 * has anywhere. With what is kept for crises, and with the copies that the writer was handed, four times
 * as much is held at worst.
 */
export const UNWRITTEN_BYTES_MAX = 64 * 1_048_576;

/**
 * Crises have room beyond what requests may fill: ten times the number, for each of them counts, and twice
 * the bytes, for each is small.
 */
const CRISIS_COUNT_FACTOR = 10;
const CRISIS_BYTES_FACTOR = 2;

/** What a payload as kept takes in memory, at most: two bytes a character. */
export function bytesInMemory(body: string): number {
  return body.length * 2;
}

/** The option that keeps one more request from waiting; `null` where it may. */
export function limitReached(
  waiting: Unwritten,
  { residentsMax, unwrittenBytesMax }: UnwrittenLimits,
): keyof UnwrittenLimits | null {
  if (waiting.count >= residentsMax) return 'residentsMax';
  return waiting.bytes >= unwrittenBytesMax ? 'unwrittenBytesMax' : null;
}

/** Whether the record of one more crisis is kept; it is answered and delivered in any case (CR-4). */
export function mayKeepCrisis(inMemory: Unwritten, limits: UnwrittenLimits): boolean {
  return (
    inMemory.count < limits.residentsMax * CRISIS_COUNT_FACTOR &&
    inMemory.bytes < limits.unwrittenBytesMax * CRISIS_BYTES_FACTOR
  );
}
