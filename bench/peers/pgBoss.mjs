import PgBoss from 'pg-boss';
import { closedLoop, payloadOf, Waiters } from './jobs.mjs';

const BULK = 1_000;
const FETCHED = 100;
const QUEUE = 'bench';

/**
 * pg-boss on PostgreSQL, driven by its own `fetch` and `complete` in batches: its `work()` polls twice
 * a second at most, which would measure the polling.
 */
export async function open({ port, inFlight }) {
  const boss = new PgBoss({
    connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`,
    max: 20,
    supervise: false,
    schedule: false,
  });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  await boss.createQueue(QUEUE);
  const waiters = new Waiters();
  let isClosed = false;
  let completed = 0;
  const consume = async () => {
    while (!isClosed) {
      const jobs = await boss.fetch(QUEUE, { batchSize: FETCHED });
      if (jobs.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        continue;
      }
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      );
      completed += jobs.length;
      for (const { data } of jobs) waiters.done(data.amount);
    }
  };
  let consuming;
  return {
    async jobs(count) {
      consuming ??= consume();
      await closedLoop(inFlight, count, async (number) => {
        const done = waiters.of(number);
        await boss.send(QUEUE, payloadOf(number));
        await done;
      });
    },
    async bulkAccept(count) {
      for (let from = 0; from < count; from += BULK) {
        const size = Math.min(BULK, count - from);
        await boss.insert(
          Array.from({ length: size }, (_, at) => ({ name: QUEUE, data: payloadOf(from + at) })),
        );
      }
    },
    async drain(count) {
      const before = completed;
      consuming ??= consume();
      while (completed - before < count) await new Promise((resolve) => setTimeout(resolve, 2));
    },
    async close() {
      isClosed = true;
      await consuming;
      await boss.stop({ graceful: false, wait: false });
    },
  };
}
