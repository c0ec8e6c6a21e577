/** What the pool has done since it was made. */
export interface PoolCounts {
  accepted: number;
  /** Acceptances that found an earlier operation with the same idempotency key. */
  duplicates: number;
  completed: number;
  deadLettered: number;
  cancelled: number;
  expired: number;
  attempts: number;
  /** Attempts after the first of their operation. */
  retries: number;
}

export function noCounts(): PoolCounts {
  return {
    accepted: 0,
    duplicates: 0,
    completed: 0,
    deadLettered: 0,
    cancelled: 0,
    expired: 0,
    attempts: 0,
    retries: 0,
  };
}
