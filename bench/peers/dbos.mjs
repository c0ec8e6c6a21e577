import { DBOS } from '@dbos-inc/dbos-sdk';
import { closedLoop, payloadOf } from './jobs.mjs';

/** DBOS on PostgreSQL: a workflow with one step. It has no call that accepts many at once. */
export async function open({ port, inFlight }) {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: `postgres://postgres@127.0.0.1:${port}/dbos?sslmode=disable`,
    systemDatabasePoolSize: 20,
    logLevel: 'error',
  });
  const workflow = DBOS.registerWorkflow(
    async (payload) => await DBOS.runStep(async () => ({ done: payload.amount }), { name: 'work' }),
    { name: 'bench' },
  );
  await DBOS.launch();
  return {
    async jobs(count) {
      await closedLoop(inFlight, count, async (number) => {
        const handle = await DBOS.startWorkflow(workflow)(payloadOf(number));
        await handle.getResult();
      });
    },
    async close() {
      await DBOS.shutdown();
    },
  };
}
