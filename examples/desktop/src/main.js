/**
 * The app: commands come in a line each, and what there is to see goes out, for people or, with `--json`, as
 * JSON a line. A window would do the same with buttons; nothing here knows of one.
 *
 * JOURNAL_FOLDER, JOURNAL_SERVICE and JOURNAL_PASSPHRASE say where, with whom, and under which passphrase.
 */

import { createInterface } from 'node:readline';
import { openJournal } from './journal.js';

const isJson = process.argv.includes('--json');
const { JOURNAL_FOLDER, JOURNAL_SERVICE, JOURNAL_PASSPHRASE } = process.env;
if (!JOURNAL_FOLDER || !JOURNAL_SERVICE || !JOURNAL_PASSPHRASE) {
  console.error('Set JOURNAL_FOLDER, JOURNAL_SERVICE and JOURNAL_PASSPHRASE.');
  process.exit(2);
}

function show(seen) {
  if (isJson) console.log(JSON.stringify(seen));
  else if (Array.isArray(seen.waiting)) showWaiting(seen.waiting);
  else if (Array.isArray(seen.help)) showHelp(seen.help);
  else console.log(Object.values(seen).join(' '));
}

function showWaiting(waiting) {
  if (waiting.length === 0) console.log('Everything is at the service.');
  for (const { what, why, untilAtMs } of waiting) {
    const until =
      untilAtMs === null ? '' : `, next try ${new Date(untilAtMs).toLocaleTimeString()}`;
    console.log(`  ${what}: ${why}${until}`);
  }
}

function showHelp(help) {
  for (const { name, phone, text, url, note } of help) {
    console.log(' ', [name, phone ?? text ?? url, note].filter(Boolean).join(' · '));
  }
}

const COMMANDS = {
  async write(journal, [entry, ...words]) {
    const id = await journal.write(entry, words.join(' '));
    show({ kept: entry, id });
  },
  async waiting(journal) {
    show({ waiting: await journal.waiting() });
  },
  async plan(journal, [name, ...phone]) {
    await journal.keepPlan([{ kind: 'contact', name, phone: phone.join(' ') }]);
    show({ plan: name });
  },
  async crisis(journal, words) {
    const { resources, plan, elapsedMs } = await journal.crisis(words.join(' '));
    show({ help: resources, plan, elapsedMs });
  },
};

async function run() {
  const journal = await openJournal({
    folder: JOURNAL_FOLDER,
    secret: JOURNAL_PASSPHRASE,
    serviceUrl: JOURNAL_SERVICE,
    tell: show,
  });
  show({ opened: JOURNAL_FOLDER });
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...words] = line.trim().split(/\s+/);
    if (name === 'quit') break;
    const command = COMMANDS[name];
    if (command === undefined) {
      show({ unknown: name, commands: Object.keys(COMMANDS).join(', ') });
      continue;
    }
    try {
      await command(journal, words);
    } catch (error) {
      show({ failed: error.code ?? error.name, message: error.message });
    }
  }
  await journal.close();
  // Nobody is listened to any more; it would keep the process.
  process.stdin.destroy();
  show({ closed: JOURNAL_FOLDER });
}

run().catch((error) => {
  show({ failed: error.code ?? error.name, message: error.message });
  process.exitCode = 1;
});
