/**
 * Redis and PostgreSQL for the comparison: started on loopback with their data in a temporary folder,
 * ended with the program that asked for them.
 *
 * @module
 */

import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const START_MS_MAX = 20_000;

/**
 * @typedef {object} PeerServer
 * @property {number} port on 127.0.0.1
 * @property {number} pid of its main process
 * @property {() => Promise<void>} stop
 */

/**
 * @param {string} folder where it keeps its data
 * @param {'always' | 'everysec'} appendfsync when it syncs its log
 * @returns {Promise<PeerServer>}
 */
export async function startRedis(folder, appendfsync) {
  const program = programOf('redis-server', ['/usr/bin', '/usr/local/bin'], 'redis-server');
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const child = spawn(
    program,
    // `noeviction` is what BullMQ asks for; no snapshots, so that only the log is measured.
    [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', appendfsync, '--maxmemory-policy', 'noeviction'],
      ...['--daemonize', 'no', '--logfile', 'redis.log'],
    ],
    { stdio: 'ignore' },
  );
  return await started(child, port, 'SIGTERM');
}

/**
 * @param {string} folder where it keeps its data
 * @returns {Promise<PeerServer>}
 */
export async function startPostgres(folder) {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  const folders = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((v) => join(root, v, 'bin'));
  const initdb = programOf('initdb', folders, 'postgresql');
  mkdirSync(folder, { recursive: true });
  // PostgreSQL refuses to run as root.
  const asWhom = process.getuid?.() === 0 ? userOf('postgres') : {};
  if (asWhom.uid !== undefined) chownSync(folder, asWhom.uid, asWhom.gid);
  chmodSync(folder, 0o700);
  const made = spawnSync(initdb, ['-D', folder, '-U', 'postgres', '-A', 'trust', '-k'], {
    ...asWhom,
    cwd: folder,
    encoding: 'utf8',
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const child = spawn(
    join(initdb, '..', 'postgres'),
    ['-D', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', folder],
    { ...asWhom, cwd: folder, stdio: 'ignore' },
  );
  return await started(child, port, 'SIGINT');
}

function programOf(name, folders, debianPackage) {
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`${name} is not installed. On Debian: apt-get install ${debianPackage}`);
}

function userOf(name) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  if (line === undefined) throw new Error(`There is no user ${name} to run it as.`);
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function started(child, port, endSignal) {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const killIt = () => child.kill('SIGKILL');
  process.on('exit', killIt);
  const stop = async () => {
    child.kill(endSignal);
    await Promise.race([ended, wait(10_000)]);
    child.kill('SIGKILL');
    process.off('exit', killIt);
  };
  const giveUpAt = performance.now() + START_MS_MAX;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      await stop();
      throw new Error(`${child.spawnfile} did not start (exit code ${child.exitCode}).`);
    }
    await wait(100);
  }
  return { port, pid: child.pid, stop };
}

async function answers(port) {
  return await new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
