/**
 * The help lines that every answer to a crisis holds (CR-3).
 *
 * @module
 */

import type { CrisisResource } from '../../actors/port.ts';

/**
 * Help lines that every answer to a crisis holds (CR-3). They are in the program, so that they are
 * there offline and before anything else works, and no option removes them. An app adds its own.
 */
export const HELP_LINES: readonly CrisisResource[] = Object.freeze([
  {
    kind: 'emergency',
    name: 'Emergency services (mobile phones in most countries)',
    regions: ['*'],
    phone: '112',
  },
  { kind: 'emergency', name: 'Emergency services', regions: ['US', 'CA'], phone: '911' },
  { kind: 'emergency', name: 'Emergency services', regions: ['GB'], phone: '999' },
  { kind: 'emergency', name: 'Emergency services', regions: ['AU'], phone: '000' },
  { kind: 'emergency', name: 'Emergency services', regions: ['NZ'], phone: '111' },
  {
    kind: 'helpLine',
    name: '988 Suicide & Crisis Lifeline',
    regions: ['US'],
    phone: '988',
    text: '988',
    url: 'https://988lifeline.org',
  },
  {
    kind: 'helpLine',
    name: 'Crisis Text Line',
    regions: ['US'],
    text: '741741',
    note: 'Text HOME',
    url: 'https://www.crisistextline.org',
  },
  {
    kind: 'helpLine',
    name: '9-8-8 Suicide Crisis Helpline',
    regions: ['CA'],
    phone: '988',
    text: '988',
    url: 'https://988.ca',
  },
  {
    kind: 'helpLine',
    name: 'Samaritans',
    regions: ['GB', 'IE'],
    phone: '116 123',
    url: 'https://www.samaritans.org',
  },
  {
    kind: 'helpLine',
    name: 'TelefonSeelsorge',
    regions: ['DE'],
    phone: '0800 111 0 111',
    url: 'https://www.telefonseelsorge.de',
  },
  {
    kind: 'helpLine',
    name: 'Lifeline',
    regions: ['AU'],
    phone: '13 11 14',
    url: 'https://www.lifeline.org.au',
  },
  { kind: 'helpLine', name: '1737, Need to talk?', regions: ['NZ'], phone: '1737', text: '1737' },
  { kind: 'helpLine', name: 'Tele-MANAS', regions: ['IN'], phone: '14416' },
  {
    kind: 'helpLine',
    name: 'Find a Helpline (directory of help lines by country)',
    regions: ['*'],
    url: 'https://findahelpline.com',
  },
]);
