/**
 * Built-in help lines (CR-3): plain data in the program, so that they are there offline and before anything else
 * works. No option removes them; an app adds its own.
 *
 * To change or confirm one, open its official page or call, and record the date and how it was checked beside it. A
 * number that is on no official page is left out. `holdfast doctor` warns of entries that nobody has checked for a
 * year.
 *
 * @module
 */

import type { HelpLine } from '../../actors/port.ts';

const DAY_MS = 86_400_000;
/** Time for which an entry counts as checked. */
const CHECK_HOLDS_MS = 366 * DAY_MS;

/**
 * Check of 30 November 2026: the number is on `sourceUrl`, an official page (of the service, or of a public body), in
 * a copy that was stored earlier. Nobody has called it.
 */
const STORED_PAGE = { checkedOn: '2026-11-30', checkedBy: 'storedPage' } as const;

/** Members of the European Union, where 112 exists by law. */
const EUROPEAN_UNION = [
  'AT',
  'BE',
  'BG',
  'CY',
  'CZ',
  'DE',
  'DK',
  'EE',
  'ES',
  'FI',
  'FR',
  'GR',
  'HR',
  'HU',
  'IE',
  'IT',
  'LT',
  'LU',
  'LV',
  'MT',
  'NL',
  'PL',
  'PT',
  'RO',
  'SE',
  'SI',
  'SK',
];

/**
 * Help lines in the order of an answer without a region: first what serves everywhere, which is a directory and no
 * number, then what serves some countries, by kind and country, each with the country in its name.
 */
export const HELP_LINES: readonly HelpLine[] = Object.freeze([
  {
    kind: 'helpLine',
    name: 'Find a Helpline, a directory of help lines by country',
    regions: ['*'],
    url: 'https://findahelpline.com',
    note: 'In danger now? Call the emergency number of the country you are in',
    sourceUrl: 'https://findahelpline.com/AU',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, European Union',
    regions: EUROPEAN_UNION,
    phone: '112',
    sourceUrl: 'https://ec.europa.eu/information_society/activities/112/actions/index_en.htm',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Ambulance, Austria',
    regions: ['AT'],
    phone: '144',
    sourceUrl:
      'https://rtr.at/TKP/was_wir_tun/telekommunikation/konsumentenservice/information/informationen_fuer_konsumenten/TKKS_Notrufe.de.html',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Police by text message, for deaf people, Austria',
    regions: ['AT'],
    text: '0800 133 133',
    sourceUrl: 'https://polizei.gv.at/alle/notrufe_gehoerlose.aspx',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, Australia',
    regions: ['AU'],
    phone: '000',
    note: '106 by teletypewriter; 112 works on most mobile phones',
    sourceUrl: 'https://www.triplezero.gov.au/triple-zero/other-emergency-numbers',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, Canada',
    regions: ['CA'],
    phone: '911',
    sourceUrl: 'https://crtc.gc.ca/eng/archive/2018/2018-188.htm',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Ambulance, Switzerland',
    regions: ['CH'],
    phone: '144',
    sourceUrl: 'https://ch.ch/en/road-accident-what-should-i-do',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, Switzerland',
    regions: ['CH'],
    phone: '112',
    sourceUrl: 'https://ch.ch/en/road-accident-what-should-i-do',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Medical emergencies (Samu), France',
    regions: ['FR'],
    phone: '15',
    sourceUrl: 'https://associations.gouv.fr/1044-choix-siege-social-association.html?xml=F33954',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services by text message, France',
    regions: ['FR'],
    text: '114',
    note: 'For deaf people, and for people who can not speak',
    sourceUrl: 'https://associations.gouv.fr/1044-choix-siege-social-association.html?xml=F33954',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, United Kingdom',
    regions: ['GB'],
    phone: '999',
    sourceUrl: 'https://www.lpft.nhs.uk/contact-us/need-help-now',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services by text message, United Kingdom',
    regions: ['GB'],
    text: '999',
    note: 'Only from a phone that was registered before',
    sourceUrl:
      'https://www.eastamb.nhs.uk/your-service/contacting-999-with-speech-or-hearing-impairment.htm',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services in British Sign Language (999 BSL), United Kingdom',
    regions: ['GB'],
    url: 'https://www.ofcom.org.uk/phones-and-broadband/accessibility/emergency-video-relay/',
    note: 'The app or the website 999 BSL: a video call with an interpreter',
    sourceUrl: 'https://www.ofcom.org.uk/phones-and-broadband/accessibility/emergency-video-relay/',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, New Zealand',
    regions: ['NZ'],
    phone: '111',
    note: 'Deaf people who have registered can text 111',
    sourceUrl: 'https://www.police.govt.nz/news/release/25738',
    ...STORED_PAGE,
  },
  {
    kind: 'emergency',
    name: 'Emergency services, United States',
    regions: ['US'],
    phone: '911',
    note: 'In many places a text message to 911 arrives, too',
    sourceUrl: 'https://www.cityofinglewood.org/1326/Text-to-911',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Telefonseelsorge, Austria',
    regions: ['AT'],
    phone: '142',
    sourceUrl:
      'https://rtr.at/TKP/was_wir_tun/telekommunikation/konsumentenservice/information/informationen_fuer_konsumenten/TKKS_Notrufe.de.html',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Rat auf Draht, for children and young people, Austria',
    regions: ['AT'],
    phone: '147',
    sourceUrl:
      'https://rtr.at/TKP/was_wir_tun/telekommunikation/konsumentenservice/information/informationen_fuer_konsumenten/TKKS_Notrufe.de.html',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Lifeline, Australia',
    regions: ['AU'],
    phone: '13 11 14',
    url: 'https://www.lifeline.org.au',
    sourceUrl: 'https://www.healthdirect.gov.au/mental-health-crisis-support',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Kids Helpline, for those aged 5 to 25, Australia',
    regions: ['AU'],
    phone: '1800 55 1800',
    sourceUrl: 'https://www.health.vic.gov.au/mental-health-services/telephone-and-online-services',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '9-8-8 Suicide Crisis Helpline, Canada',
    regions: ['CA'],
    phone: '988',
    text: '988',
    url: 'https://988.ca',
    sourceUrl: 'https://crtc.gc.ca/eng/archive/2022/2022-234.htm',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Die Dargebotene Hand, La Main Tendue, Telefono Amico, Switzerland',
    regions: ['CH'],
    phone: '143',
    url: 'https://www.143.ch',
    sourceUrl: 'https://ch.ch/en/road-accident-what-should-i-do',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Pro Juventute, for children and young people, Switzerland',
    regions: ['CH'],
    phone: '147',
    sourceUrl: 'https://ch.ch/en/road-accident-what-should-i-do',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'TelefonSeelsorge, Germany',
    regions: ['DE'],
    phone: '0800 111 0 111',
    url: 'https://www.telefonseelsorge.de',
    note: 'Or 0800 111 0 222',
    sourceUrl: 'https://ekmd.de/helfen/seelsorge/telefonseelsorge',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Doctors on call, where no life is in danger, Germany',
    regions: ['DE'],
    phone: '116 117',
    sourceUrl: 'https://zwickau.de/de/aktuelles/pressemitteilungen/2014/02/046.php',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '3114, suicide prevention, France',
    regions: ['FR'],
    phone: '3114',
    url: 'https://3114.fr',
    sourceUrl: 'https://3114.fr/que-se-passe-t-il-quand-je-contacte-le-3114/',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'NHS 111, England in the United Kingdom',
    regions: ['GB'],
    phone: '111',
    note: 'Select the mental health option; an interpreter for deaf people is offered',
    sourceUrl: 'https://www.lpft.nhs.uk/contact-us/need-help-now',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Samaritans, United Kingdom',
    regions: ['GB'],
    phone: '116 123',
    url: 'https://www.samaritans.org',
    sourceUrl: 'https://www.samaritans.org/how-we-can-help/contact-samaritan/',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Shout, by text message, United Kingdom',
    regions: ['GB'],
    text: '85258',
    url: 'https://giveusashout.org',
    note: 'Text SHOUT',
    sourceUrl: 'https://giveusashout.org/about-us/faq/',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Childline, for those under 19, United Kingdom',
    regions: ['GB'],
    phone: '0800 1111',
    url: 'https://www.childline.org.uk',
    sourceUrl: 'https://www.childline.org.uk/pages/about.aspx?panel=open&type=Texture',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Samaritans, Ireland',
    regions: ['IE'],
    phone: '116 123',
    url: 'https://www.samaritans.org',
    sourceUrl:
      'https://merrionstreet.ie/en/news-room/releases/world_suicide_prevention_day_10_september_2020.html',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '50808, by text message, Ireland',
    regions: ['IE'],
    text: '50808',
    note: 'Text HELLO',
    sourceUrl:
      'https://merrionstreet.ie/en/news-room/releases/world_suicide_prevention_day_10_september_2020.html',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: 'Pieta, Ireland',
    regions: ['IE'],
    phone: '1800 247 247',
    text: '51444',
    note: 'Text HELP',
    sourceUrl:
      'https://merrionstreet.ie/en/news-room/releases/world_suicide_prevention_day_10_september_2020.html',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '113 Zelfmoordpreventie, Netherlands',
    regions: ['NL'],
    phone: '113',
    url: 'https://www.113.nl',
    sourceUrl: 'https://www.113.nl/schoolopdracht',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '1737, Need to talk?, New Zealand',
    regions: ['NZ'],
    phone: '1737',
    text: '1737',
    url: 'https://1737.org.nz',
    sourceUrl:
      'https://www.health.govt.nz/news-media/news-items/phone-counselling-service-busy-following-christchurch-tragedy',
    ...STORED_PAGE,
  },
  {
    kind: 'helpLine',
    name: '988 Suicide & Crisis Lifeline, United States',
    regions: ['US'],
    phone: '988',
    text: '988',
    url: 'https://988lifeline.org',
    note: 'In American Sign Language: ASL Now on its page',
    sourceUrl:
      'https://www.samhsa.gov/newsroom/press-announcements/20230908/988-suicide-crisis-lifeline-adds-american-sign-language-services-deaf-hard-of-hearing-callers',
    ...STORED_PAGE,
  },
]);

/** Returns the entries that were last checked over a year before `nowMs`. */
export function uncheckedHelpLines(nowMs: number): readonly HelpLine[] {
  return HELP_LINES.filter(({ checkedOn }) => nowMs - Date.parse(checkedOn) > CHECK_HOLDS_MS);
}
