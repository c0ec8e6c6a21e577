/**
 * Words for the person in crisis on what has happened to the message so far (CR-3). They hold nothing of
 * what anybody has sent, and are made before anybody asks.
 *
 * @module
 */

import {
  checkFields,
  type MatchRule,
  type OptionRules,
  requireOption,
} from '../../vocabulary/optionFields.ts';
import { countryOf } from './crisisResources.ts';

/**
 * How far a message is: `notReached`, it is being sent and has not reached anybody yet; `taken`, the upstream has
 * taken it, which does not say that anybody has read it; `notTaken`, nothing will come of it here.
 */
export type MessageState = 'notReached' | 'taken' | 'notTaken';

/** The words that people get in one language. */
export interface CrisisWords {
  /** BCP 47 language tag without a country: `de`. */
  readonly language: string;
  /** Message has not reached anybody yet: say whom to call. */
  readonly notReached: string;
  /** Your upstream has taken it. Left out: the same as `notReached`. */
  readonly taken?: string | undefined;
  /** Nothing will come of it here. Left out: the same as `notReached`. */
  readonly notTaken?: string | undefined;
  /** The clinician who has reviewed these words. */
  readonly reviewedBy?: string | undefined;
  /** On which day, as `YYYY-MM-DD`. */
  readonly reviewedOn?: string | undefined;
}

/** Words for the person, to be shown above the resources. */
export interface CrisisMessage {
  readonly state: MessageState;
  readonly text: string;
  readonly language: string;
  /** Origin of the words. */
  readonly from: 'app' | 'builtIn';
  /** The clinician who has reviewed them; `null` for none. */
  readonly reviewedBy: string | null;
  /** On which day, as `YYYY-MM-DD`. */
  readonly reviewedOn: string | null;
}

/** No clinician has reviewed them. */
const BUILT_IN: readonly CrisisWords[] = [
  {
    language: 'en',
    notReached:
      "Your message has not reached anybody yet. We keep trying to send it. Don't wait for us: if you are in danger or need somebody now, use one of the contacts below.",
    taken:
      'Your message has been sent. That does not mean that somebody has read it. If you are in danger or need somebody now, use one of the contacts below.',
    notTaken:
      'Your message could not be sent and nobody will get it. If you are in danger or need somebody now, use one of the contacts below.',
  },
  {
    language: 'de',
    notReached:
      'Deine Nachricht hat noch niemanden erreicht. Wir versuchen weiter, sie zu senden. Warte nicht auf uns: Wenn du in Gefahr bist oder jetzt jemanden brauchst, nutze einen der Kontakte unten.',
    taken:
      'Deine Nachricht ist gesendet. Das heißt nicht, dass sie schon jemand gelesen hat. Wenn du in Gefahr bist oder jetzt jemanden brauchst, nutze einen der Kontakte unten.',
    notTaken:
      'Deine Nachricht konnte nicht gesendet werden und niemand wird sie bekommen. Wenn du in Gefahr bist oder jetzt jemanden brauchst, nutze einen der Kontakte unten.',
  },
];
/** What is spoken there; elsewhere a locale says it. */
const LANGUAGE_OF_COUNTRY: Readonly<Record<string, string>> = {
  ...{ AT: 'de', DE: 'de', LI: 'de' },
  ...{ AU: 'en', CA: 'en', GB: 'en', IE: 'en', NZ: 'en', US: 'en' },
};
const FALLBACK = 'en';
const LOCALE = /^([a-z]{2,3})(?:[-_][a-z0-9-_]*)?$/i;
const LOCALE_LENGTH_MAX = 35;
const TEXT_LENGTH_MAX = 1_000;

const TEXT: MatchRule = {
  matches: (text) =>
    typeof text === 'string' &&
    text.trim() !== '' &&
    text.length <= TEXT_LENGTH_MAX &&
    !/\p{Surrogate}|\0/u.test(text),
  rule: `must be a well-formed text of 1 to ${TEXT_LENGTH_MAX} characters`,
};
const RULES: OptionRules<CrisisWords> = {
  language: {
    required: {
      matches: (language) => /^[a-z]{2,3}$/.test(String(language)),
      rule: 'must be a language such as de, in small letters and without a country',
    },
  },
  notReached: { required: TEXT },
  taken: TEXT,
  notTaken: TEXT,
  reviewedBy: TEXT,
  reviewedOn: {
    matches: (day) => /^\d{4}-\d{2}-\d{2}$/.test(String(day)),
    rule: 'must be a day as YYYY-MM-DD',
  },
};

/**
 * Checks words of unknown origin.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` naming the field.
 */
export function checkWords(words: unknown, field: string): CrisisWords {
  checkFields(words, RULES, field);
  const checked = words as CrisisWords;
  requireOption(
    (checked.reviewedBy === undefined) === (checked.reviewedOn === undefined),
    `${field}.reviewedOn`,
    'and reviewedBy must both be given, or neither',
  );
  return checked;
}

/** The language of a locale such as `de`, `de-AT` or `de_AT`; `null` for anything else. */
export function languageOf(locale: unknown): string | null {
  if (typeof locale !== 'string' || locale.length > LOCALE_LENGTH_MAX) return null;
  return LOCALE.exec(locale)?.[1]?.toLowerCase() ?? null;
}

/** The words of all languages, ready to be shown. */
export class CrisisMessages {
  readonly #app: readonly CrisisWords[];
  /** By language and state; languages that nobody has words for share those of others. */
  readonly #made = new Map<string, CrisisMessage>();

  /** @param app the app's words, which come before the built-in ones */
  constructor(app: readonly CrisisWords[]) {
    this.#app = app;
  }

  /** In the language of the locale, else in that of the region, else in the first that the app has, else in English. */
  of(state: MessageState, locale: unknown, region: unknown): CrisisMessage {
    const asked = languageOf(locale) ?? LANGUAGE_OF_COUNTRY[countryOf(region) ?? ''] ?? null;
    const spoken =
      wordsIn(this.#app, asked) ??
      wordsIn(BUILT_IN, asked) ??
      this.#app[0] ??
      wordsIn(BUILT_IN, FALLBACK);
    return this.#message(state, spoken as CrisisWords);
  }

  #message(state: MessageState, words: CrisisWords): CrisisMessage {
    const from = BUILT_IN.includes(words) ? 'builtIn' : 'app';
    const key = `${from} ${words.language} ${state}`;
    let message = this.#made.get(key);
    if (message === undefined) {
      const { language, notReached, reviewedBy = null, reviewedOn = null } = words;
      const text = words[state] ?? notReached;
      message = Object.freeze({ state, text, language, from, reviewedBy, reviewedOn });
      this.#made.set(key, message);
    }
    return message;
  }
}

function wordsIn(all: readonly CrisisWords[], language: string | null): CrisisWords | undefined {
  return all.find((words) => words.language === language);
}
