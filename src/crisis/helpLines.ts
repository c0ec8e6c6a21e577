/**
 * The help lines that come with holdfast (CR-3): plain data, in the program, so that they are there
 * offline and before anything else works. No option removes them; an app adds its own.
 *
 * To change or confirm one, open its page, and put the day beside it. `holdfast doctor` warns of
 * those that nobody has looked after for a year.
 *
 * @module
 */

import type { HelpLine } from '../../actors/port.ts';

const DAY_MS = 86_400_000;
/** How long an entry is taken to hold since it was checked. */
const CHECK_HOLDS_MS = 366 * DAY_MS;

/** In the order in which an answer without a region has them. */
export const HELP_LINES: readonly HelpLine[] = Object.freeze([
  {
    kind: 'emergency',
    name: 'Emergency services (mobile phones in most countries)',
    regions: ['*'],
    phone: '112',
    sourceUrl: 'https://digital-strategy.ec.europa.eu/en/policies/112',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'emergency',
    name: 'Emergency services',
    regions: ['US'],
    phone: '911',
    sourceUrl: 'https://www.911.gov',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'emergency',
    name: 'Emergency services',
    regions: ['CA'],
    phone: '911',
    sourceUrl: 'https://crtc.gc.ca/eng/phone/911/',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'emergency',
    name: 'Emergency services',
    regions: ['GB'],
    phone: '999',
    sourceUrl: 'https://www.gov.uk/guidance/999-and-112-the-uks-national-emergency-numbers',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'emergency',
    name: 'Emergency services',
    regions: ['AU'],
    phone: '000',
    sourceUrl: 'https://www.triplezero.gov.au',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'emergency',
    name: 'Emergency services',
    regions: ['NZ'],
    phone: '111',
    sourceUrl: 'https://www.police.govt.nz/contact-us/calling-emergency-111',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: '988 Suicide & Crisis Lifeline',
    regions: ['US'],
    phone: '988',
    text: '988',
    url: 'https://988lifeline.org',
    sourceUrl: 'https://988lifeline.org',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'Crisis Text Line',
    regions: ['US'],
    text: '741741',
    note: 'Text HOME',
    url: 'https://www.crisistextline.org',
    sourceUrl: 'https://www.crisistextline.org/text-us/',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: '9-8-8 Suicide Crisis Helpline',
    regions: ['CA'],
    phone: '988',
    text: '988',
    url: 'https://988.ca',
    sourceUrl: 'https://988.ca',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'Samaritans',
    regions: ['GB', 'IE'],
    phone: '116 123',
    url: 'https://www.samaritans.org',
    sourceUrl: 'https://www.samaritans.org/how-we-can-help/contact-samaritan/',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'TelefonSeelsorge',
    regions: ['DE'],
    phone: '0800 111 0 111',
    url: 'https://www.telefonseelsorge.de',
    sourceUrl: 'https://www.telefonseelsorge.de',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'Lifeline',
    regions: ['AU'],
    phone: '13 11 14',
    text: '0477 13 11 14',
    url: 'https://www.lifeline.org.au',
    sourceUrl: 'https://www.lifeline.org.au',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: '1737, Need to talk?',
    regions: ['NZ'],
    phone: '1737',
    text: '1737',
    url: 'https://1737.org.nz',
    sourceUrl: 'https://1737.org.nz',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'Tele-MANAS',
    regions: ['IN'],
    phone: '14416',
    url: 'https://telemanas.mohfw.gov.in',
    sourceUrl: 'https://telemanas.mohfw.gov.in',
    checkedOn: '2026-11-26',
  },
  {
    kind: 'helpLine',
    name: 'Find a Helpline (directory of help lines by country)',
    regions: ['*'],
    url: 'https://findahelpline.com',
    sourceUrl: 'https://findahelpline.com',
    checkedOn: '2026-11-26',
  },
]);

/** Those that were last checked over a year before `nowMs`. */
export function uncheckedHelpLines(nowMs: number): readonly HelpLine[] {
  return HELP_LINES.filter(({ checkedOn }) => nowMs - Date.parse(checkedOn) > CHECK_HOLDS_MS);
}
