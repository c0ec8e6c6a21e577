import { expect, test } from 'vitest';
import type { SyncRequest } from '../../machines/vocabulary/request.ts';
import { RestartOracle } from '../support/restartOracle.ts';
import { RestartScene } from '../support/restartScene.ts';
import { untilTrue } from '../support/restartWork.ts';

const BYSTANDERS = 24;
const KILLER_TYPE = 'poison.pill';
/** More restarts than the rule of three needs, so that a rule that never ends is seen. */
const RUNS_MAX=5;

const bystanders: readonly SyncRequest[] = Array.from({ length: BYSTANDERS }, (_, number) => ({
  type: 'ledger.put',
  subject: 'subject-1',
  tier: 'basic',
  idempotencyKey: `key-${number}`,
  payload: { number, latencyMs: 20 },
}));

test('RT-4 SV-3 work that kills the process ends in the dead letters, and bystanders lose no attempt', async () => {
  const scene = await RestartScene.open();
  const oracle = new RestartOracle(scene.ledger);
  const poison: SyncRequest = {
    type: KILLER_TYPE,
    subject: 'subject-1',
    tier: 'premium',
    idempotencyKey: 'poison',
  };
  let crashes = 0;
  setInterval(()=>process.stderr.write(`ledger ${scene.ledger.requests.length}\n`),1000); for (let run = 1; run <= RUNS_MAX; run += 1) {
    const child = scene.start({ killerType: KILLER_TYPE });
    child.listen((event) => {
      oracle.hear(event);
    });
    child.listen((e) => process.stderr.write(`${run} ${JSON.stringify(e)}\n`));
    process.stderr.write(`${run} ${JSON.stringify((await scene.rowsAtRest()).map(r=>[r.context.idempotencyKey, r.row.standing,r.state,r.context.crashes,r.context.attempt,r.context.history.length]))}\n`);
    setTimeout(() => { for (const id of oracle.accepted.values()) child.order({order:'view', id}); }, 3000);
    child.order({ order: 'watch', ids: oracle.unreported });
    const requests = [...bystanders, poison].filter(
      ({ idempotencyKey = '' }) => !oracle.accepted.has(idempotencyKey),
    );
    child.order({ order: 'submit', requests, inFlightMax: BYSTANDERS + 1 });
    const isDone = (): boolean =>
      oracle.accepted.size === BYSTANDERS + 1 && oracle.unreported.length === 0;
    await untilTrue(child, isDone, 4_000);
    const isOver = isDone();
    await child.kill();
    expect(oracle.atRest(await scene.rowsAtRest()), `run ${run}`).toEqual([]);
    if (isOver) break;
    crashes += 1;
  }

  const poisoned = oracle.outcomes.get(oracle.accepted.get('poison') ?? '');
  expect(poisoned).toMatchObject({ status: 'deadLettered', code: 'HF_CRASHES_PROCESS' });
  // Three in a row among others, and a last one alone.
  expect(crashes).toBe(4);
  for (const { idempotencyKey = '' } of bystanders) {
    const outcome = oracle.outcomes.get(oracle.accepted.get(idempotencyKey) ?? '');
    expect(outcome).toMatchObject({ status: 'completed', attempts: 1 });
  }
  expect(scene.ledger.requests.filter(({ attempt }) => attempt !== 1)).toEqual([]);
});

