import Database from 'better-sqlite3';
import { better, defineQueue } from 'plainjob';
import { payloadOf } from './jobs.mjs';

const BULK = 1_000;
const TYPE = 'work';
const SILENT = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * plainjob on better-sqlite3, forced to sync every commit: as it ships it does not. Its calls are
 * synchronous and one transaction each, so more in flight changes nothing.
 */
export async function open({ folder, synchronous }) {
  const database = new Database(`${folder}/plainjob.db`);
  const queue = defineQueue({ connection: better(database), logger: SILENT });
  database.pragma(`synchronous = ${synchronous}`);
  const work = () => {
    const job = queue.getAndMarkJobAsProcessing(TYPE);
    if (job === undefined) throw new Error('plainjob has no job, though one was added.');
    JSON.parse(queue.getJobById(job.id).data);
    queue.markJobAsDone(job.id);
  };
  return {
    async jobs(count) {
      for (let number = 1; number <= count; number += 1) {
        queue.add(TYPE, payloadOf(number));
        work();
        // As its worker would, let others run now and then.
        if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async bulkAccept(count) {
      for (let from = 0; from < count; from += BULK) {
        const size = Math.min(BULK, count - from);
        queue.addMany(
          TYPE,
          Array.from({ length: size }, (_, at) => payloadOf(from + at)),
        );
      }
    },
    async drain(count) {
      for (let done = 0; done < count; done += 1) work();
    },
    async close() {
      queue.close();
    },
  };
}
