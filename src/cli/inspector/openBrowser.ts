/**
 * Opens a link in the browser of the person at this machine, where that can be.
 *
 * The link holds a token, and what a program is started with is to be seen by every user of the machine. So the
 * program is given a file that only this user can read, and which leads on to the link.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../actors/platform/systemClock.ts';

/** The wait for a program that hands over to a running browser; one that is the browser itself goes on. */
const HANDED_OVER_WITHIN_MS = 3_000;

export interface Opened {
  /** Why it could not be opened; `null` where it was, as far as is known. */
  readonly trouble: string | null;
  /** Removes the file, as the end of the process does. */
  readonly forget: () => void;
}

interface Opener {
  readonly command: string;
  readonly args: readonly string[];
}

/** The program that opens files, or a text that says why there is none. */
function openerOf(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Opener | string {
  switch (platform) {
    case 'darwin':
      return { command: 'open', args: [] };
    case 'win32':
      return { command: 'cmd', args: ['/c', 'start', ''] };
    default: {
      const { DISPLAY: x11, WAYLAND_DISPLAY: wayland, WSL_DISTRO_NAME: wsl } = env;
      const isSeen = [x11, wayland, wsl].some((one) => one !== undefined && one !== '');
      return isSeen
        ? { command: 'xdg-open', args: [] }
        : 'there is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set)';
    }
  }
}

/**
 * Opens a link. Never rejects: the link is printed in any case.
 *
 * @param until the program is waited for no longer than this, at the longest for a few seconds.
 */
export async function openBrowser(
  link: string,
  until: Promise<void>,
  { platform, env }: Pick<NodeJS.Process, 'platform' | 'env'> = process,
): Promise<Opened> {
  const opener = openerOf(platform, env);
  if (typeof opener === 'string') return { trouble: opener, forget: () => undefined };
  let folder: string | null = null;
  const forget = (): void => {
    process.off('exit', forget);
    if (folder !== null) rmSync(folder, { recursive: true, force: true });
  };
  // A second Ctrl-C ends the process at once.
  process.on('exit', forget);
  try {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-inspect-'));
    const file = join(folder, 'inspector.html');
    await writeFile(file, leadingTo(link), { mode: 0o600, flag: 'wx' });
    return { trouble: await started(opener, file, until), forget };
  } catch (error) {
    return { trouble: error instanceof Error ? error.message : String(error), forget };
  }
}

/** A page that redirects to the link; a token needs no escaping in HTML. */
function leadingTo(link: string): string {
  return `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>holdfast inspector</title><meta http-equiv="refresh" content="0;url=${link}"><p><a href="${link}">To the inspector</a></p>\n`;
}

async function started(
  { command, args }: Opener,
  file: string,
  until: Promise<void>,
): Promise<string | null> {
  return await new Promise<string | null>((resolve) => {
    const child = spawn(command, [...args, file], { stdio: 'ignore', detached: true });
    const cancel = systemClock.schedule(HANDED_OVER_WITHIN_MS, () => {
      resolve(null);
    });
    const end = (trouble: string | null): void => {
      cancel();
      resolve(trouble);
    };
    void until.then(() => {
      end(null);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code === 'ENOENT' ? `${command} is not there` : error.message);
    });
    child.once('exit', (code) => {
      end(code === 0 ? null : `${command} ended with ${code ?? 'a signal'}`);
    });
    child.unref();
  });
}
