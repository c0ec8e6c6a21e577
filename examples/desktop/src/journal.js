/**
 * The journal of one person on this machine. What they write is kept here at once, sealed under their
 * passphrase, and goes to the service whenever that can be reached, the changes of an entry in their order.
 *
 * @module
 */

import { createRuntime, httpHandler, passphrase } from 'holdfast';

/** The one person who uses this machine. */
const ME = 'me';

/**
 * Opens the journal, with or without a network.
 *
 * @param {{ folder: string, secret: string, serviceUrl: string, tell: (news: object) => void }} options
 *   `tell` hears of what happens behind the screen.
 * @throws HoldfastError (rejects) `HF_KEY_WRONG` for another passphrase.
 */
export async function openJournal({ folder, secret, serviceUrl, tell }) {
  const runtime = createRuntime({
    store: folder,
    key: passphrase(secret),
    upstreams: { journal: {}, careTeam: {} },
    handlers: {
      'entries.put': {
        upstream: 'journal',
        run: httpHandler({ baseUrl: serviceUrl, method: 'PUT' }),
      },
      'crisis.alert': { upstream: 'careTeam', run: httpHandler({ baseUrl: serviceUrl }) },
    },
    onError: (error) => tell({ trouble: error.code ?? error.name, message: error.message }),
  });
  runtime.subscribe('breaker.changed', ({ upstream, to }) => {
    if (upstream === 'journal' && to === 'open') tell({ news: 'offline' });
    if (upstream === 'journal' && to === 'closed') tell({ news: 'online' });
  });
  runtime.subscribe('operation.ended', ({ operationId, type }) => {
    if (type === 'entries.put') tell({ news: 'sent', id: operationId });
  });
  try {
    await runtime.start();
  } catch (error) {
    // Another passphrase, or another window has the journal: it is no use to try again behind the screen.
    await runtime.close();
    throw error;
  }

  return {
    /** Keeps a change of an entry. Once this resolves it is on disk. */
    async write(entry, text) {
      const { id } = await runtime.sync({
        type: 'entries.put',
        subject: ME,
        entity: { type: 'entry', id: entry },
        tier: 'basic',
        path: `entries/${encodeURIComponent(entry)}`,
        payload: { text },
      });
      return id;
    },

    /** What is not at the service yet, in the order in which it was written, and why. */
    async waiting() {
      const found = [];
      for await (const view of runtime.operations.list()) {
        if (view.settledAtMs === null) found.push(waitingLine(view));
      }
      return found;
    },

    /** Who and what helps this person; in memory from every start on, so that no disk delays it. */
    async keepPlan(resources) {
      await runtime.crisisPlans.put(ME, { resources });
      await runtime.crisisPlans.pin(ME);
    },

    /** Help, at once, from memory. Somebody is told as soon as they can be reached. */
    async crisis(said) {
      const { resources, plan, elapsedMs } = await runtime.crisis({
        subject: ME,
        payload: { said },
      });
      return { resources, plan, elapsedMs };
    },

    /** Closes it; what waits goes on when it is opened again. */
    close: () => runtime.close({ deadlineMs: 2_000 }),
  };
}

/** In the words of the person. */
const REASONS = {
  lane: 'after the earlier change of this entry',
  backoff: 'the service could not be reached',
  breaker: 'the service could not be reached',
  probe: 'the service is being tried',
  storage: 'the disk is full or does not answer',
  conflict: 'the entry was changed elsewhere',
};

function waitingLine({ id, type, entity, wait, attempt }) {
  return {
    id,
    what: type === 'crisis.alert' ? 'call for help' : `entry ${entity?.id}`,
    why: wait === null ? 'on its way' : (REASONS[wait.reason] ?? wait.reason),
    untilAtMs: wait?.untilAtMs ?? null,
    attempt,
  };
}
