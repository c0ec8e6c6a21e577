/**
 * Listens for Enter at the terminal.
 *
 * @module
 */

import { readFileSync } from 'node:fs';

/** In `/proc/self/stat` after the name: its group of processes, and the one that the terminal is for. */
const GROUP_FIELD = 2;
const TERMINAL_FIELD = 5;

/** Whether the terminal may be read: a background program that reads from it is stopped. */
export function hasKeyboard(): boolean {
  return process.stdin.isTTY && isInForeground();
}

/** Calls `pressed` for each Enter until the returned function is called; that lets the process end. */
export function onEnter(pressed: () => void): () => void {
  const hear = (): void => {
    pressed();
  };
  process.stdin.on('data', hear);
  return () => {
    process.stdin.off('data', hear);
    process.stdin.pause();
  };
}

function isInForeground(): boolean {
  try {
    const text = readFileSync('/proc/self/stat', 'utf8');
    // The name, in brackets, may itself hold brackets and spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[GROUP_FIELD] === fields[TERMINAL_FIELD];
  } catch {
    // Only Linux has this file.
    return true;
  }
}
