import { Queue, Worker } from 'bullmq';
import { closedLoop, payloadOf, Waiters } from './jobs.mjs';

const BULK = 1_000;

/** BullMQ on Redis. A job counts as complete when its worker has recorded that in Redis. */
export async function open({ port, inFlight }) {
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
  const name = `bench-${process.pid}`;
  const queue = new Queue(name, { connection });
  await queue.waitUntilReady();
  const waiters = new Waiters();
  let completed = 0;
  const worker = new Worker(name, async () => ({ done: true }), {
    connection,
    concurrency: Math.min(inFlight, 50),
    autorun: false,
  });
  worker.on('completed', (job) => {
    completed += 1;
    waiters.done(job.data.amount);
  });
  worker.on('error', (error) => {
    throw error;
  });
  await worker.waitUntilReady();
  let running;
  const run = () => {
    running ??= worker.run();
  };
  return {
    async jobs(count) {
      run();
      await closedLoop(inFlight, count, async (number) => {
        const done = waiters.of(number);
        await queue.add('work', payloadOf(number));
        await done;
      });
    },
    async bulkAccept(count) {
      for (let from = 0; from < count; from += BULK) {
        const size = Math.min(BULK, count - from);
        await queue.addBulk(
          Array.from({ length: size }, (_, at) => ({ name: 'work', data: payloadOf(from + at) })),
        );
      }
    },
    async drain(count) {
      const before = completed;
      run();
      while (completed - before < count) await new Promise((resolve) => setTimeout(resolve, 2));
    },
    async close() {
      await worker.close();
      await queue.close();
    },
  };
}
