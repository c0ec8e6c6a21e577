/**
 * One measurement of one system in a process of its own. Prints a line of JSON.
 * Usage: worker.mjs SYSTEM loop|bulk '{"inFlight":…,"count":…,…}'
 *
 * @module
 */

const [system, mode, settings] = process.argv.slice(2);
const options = JSON.parse(settings);
const { open } = await import(`./${system}.mjs`);

async function measured(count, work) {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const elapsedMs = performance.now() - startedAt;
  const { user, system: kernel } = process.cpuUsage(cpu);
  return { perSecond: (count / elapsedMs) * 1_000, cpuMicros: (user + kernel) / count };
}

const { count } = options;
const peer = await open(options);
if (mode === 'loop') {
  await peer.jobs(Math.min(count, 500));
  console.log(JSON.stringify(await measured(count, () => peer.jobs(count))));
} else {
  const accept = await measured(count, () => peer.bulkAccept(count));
  const drain = await measured(count, () => peer.drain(count));
  console.log(JSON.stringify({ accept, drain }));
}
await peer.close();
process.exit(0);
