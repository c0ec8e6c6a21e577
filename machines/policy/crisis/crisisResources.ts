/**
 * What every answer to a crisis holds, ready in memory: nothing is made when it is asked for (CR-1).
 *
 * @module
 */

import { HoldfastError } from '../../vocabulary/errors.ts';
import {
  checkFields,
  type MatchRule,
  type OptionRules,
  requireOption,
} from '../../vocabulary/optionFields.ts';
import { isSubject, SUBJECT_LENGTH_MAX, subjectForm } from '../../vocabulary/subject.ts';
import { cardDatumInText } from '../request/cardData.ts';

export const RESOURCE_KINDS = ['helpLine', 'emergency', 'plan', 'contact'] as const;

export const CHECKED_BY = ['call', 'officialPage', 'storedPage'] as const;

/** Something that helps now: a help line, a step of a safety plan, somebody to call, a place to go. */
export interface CrisisResource {
  readonly kind: (typeof RESOURCE_KINDS)[number];
  readonly name: string;
  /** Where it serves: ISO 3166 country codes, or `*` for everywhere. */
  readonly regions: readonly string[];
  readonly phone?: string | undefined;
  readonly text?: string | undefined;
  readonly url?: string | undefined;
  readonly note?: string | undefined;
}

/** A help line that comes with holdfast. */
export interface HelpLine extends CrisisResource {
  /** The official page that says so: of the service itself, or of a public body. */
  readonly sourceUrl: string;
  /** The day on which it was last checked, as `YYYY-MM-DD`. */
  readonly checkedOn: string;
  /**
   * How it was checked on that day: by a call, on the page itself, or on a stored copy of the page, which may be
   * older than the day.
   */
  readonly checkedBy: (typeof CHECKED_BY)[number];
}

/** A resource in an answer, which says where it comes from. */
export interface AnsweredResource extends CrisisResource {
  /** The plan of the subject, what the app has configured, or what comes with holdfast. */
  readonly from: 'plan' | 'app' | 'builtIn';
  /** The source of a built-in help line: see {@link HelpLine}. */
  readonly sourceUrl?: string | undefined;
  readonly checkedOn?: string | undefined;
  readonly checkedBy?: HelpLine['checkedBy'] | undefined;
}

/** No region is longer. What is longer is not looked at: a text in parts would be put together for that. */
const REGION_LENGTH_MAX = 16;
const COUNTRY = /^[a-z]{2}(?:-[a-z0-9]{1,3})?$/i;
const COUNTRY_LENGTH = 2;
const EVERYWHERE = '*';

/** The country of a region such as `DE`, `de` or `DE-BY`; `null` for anything else. */
export function countryOf(region: unknown): string | null {
  if (typeof region !== 'string' || region.length > REGION_LENGTH_MAX) return null;
  if (!COUNTRY.test(region)) return null;
  return region.slice(0, COUNTRY_LENGTH).toUpperCase();
}

/**
 * Those that serve a country first, then those that serve everywhere, then the others, each in the order
 * given. Nothing is left out: a region may be wrong, and its person elsewhere.
 */
export function nearestFirst<Resource extends CrisisResource>(
  resources: readonly Resource[],
  country: string | null,
): readonly Resource[] {
  if (country === null) return resources;
  const rank = ({ regions }: Resource): number => {
    if (regions.some((region) => countryOf(region) === country)) return 0;
    return regions.includes(EVERYWHERE) ? 1 : 2;
  };
  return resources.toSorted((one, other) => rank(one) - rank(other));
}

export class CrisisResources {
  readonly #app: readonly AnsweredResource[];
  readonly #builtIn: readonly AnsweredResource[];
  /** By country; there are few hundred names for one. */
  readonly #byCountry = new Map<string | null, readonly AnsweredResource[]>();

  /** @param builtIn never empty */
  constructor(app: readonly CrisisResource[], builtIn: readonly HelpLine[]) {
    this.#app = app.map((resource) => frozen(resource, 'app'));
    this.#builtIn = builtIn.map((resource) => frozen(resource, 'builtIn'));
  }

  /** Resources of an answer: these first, then the app's, then the built-in ones. Frozen: answers share them. */
  after(first: readonly AnsweredResource[], country: string | null): readonly AnsweredResource[] {
    const others = this.#near(country);
    return first.length === 0 ? others : Object.freeze([...first, ...others]);
  }

  #near(country: string | null): readonly AnsweredResource[] {
    let resources = this.#byCountry.get(country);
    if (resources === undefined) {
      const ordered = [this.#app, this.#builtIn].flatMap((each) => nearestFirst(each, country));
      resources = Object.freeze(ordered);
      this.#byCountry.set(country, resources);
    }
    return resources;
  }
}

/** Every answer shares them, so no caller may change them. */
function frozen(resource: CrisisResource, from: AnsweredResource['from']): AnsweredResource {
  return Object.freeze({ ...resource, regions: Object.freeze([...resource.regions]), from });
}

/** A step or a contact of a plan. */
type PlanResource = Omit<CrisisResource, 'kind' | 'regions'> & {
  /** Default `plan`, which is a step: what to do, where to go. */
  readonly kind?: CrisisResource['kind'] | undefined;
  /** Default `['*']`: everywhere. */
  readonly regions?: readonly string[] | undefined;
};

/**
 * What a person wants to find first when in crisis, in the order in which it is to be tried.
 *
 * @example
 * const plan: CrisisPlan = {
 *   resources: [
 *     { name: 'Go for a walk, then look at the photos', note: 'I have been through this before.' },
 *     { kind: 'contact', name: 'Sam', phone: '+49 30 1234567' },
 *   ],
 * };
 */
export interface CrisisPlan {
  /** 1 to 50. */
  readonly resources: readonly PlanResource[];
}

/** A plan with its defaults filled in. */
export interface CheckedCrisisPlan extends CrisisPlan {
  readonly resources: readonly CrisisResource[];
}

const RESOURCES_MAX = 50;
const REGIONS_MAX = 250;
/** Bytes of the whole plan as JSON in UTF-8, at most. The lengths below are in characters. */
const PLAN_BYTES_MAX = 65_536;
/** Half a surrogate pair would be lost in UTF-8. */
const UNFIT_CHARACTERS = /\p{Surrogate}|\0/u;
/** What can be followed without running anything. */
const LINK = /^(?:https?|tel|sms|mailto):/i;
/** Grows when the text of a plan changes, so that one of a newer version is known. */
const FORMAT = 1;

const SUBJECT_RULE = `must be a well-formed text of 1 to ${SUBJECT_LENGTH_MAX} characters without NUL`;

function text(lengthMax: number): MatchRule {
  return {
    matches: (value) =>
      typeof value === 'string' &&
      value !== '' &&
      value.length <= lengthMax &&
      !UNFIT_CHARACTERS.test(value),
    rule: `must be a well-formed text of 1 to ${lengthMax} characters`,
  };
}

const NAME = text(200);
/** What is dialled: no line break, no mark-up, and nothing that shows it in another order than it has. */
const UNFIT_FOR_NUMBER = /[\p{Control}\p{Format}\u2028\u2029<>]/u;
const ANY_NUMBER = text(64);
const NUMBER: MatchRule = {
  matches: (value) => ANY_NUMBER.matches(value) && !UNFIT_FOR_NUMBER.test(String(value)),
  rule: `${ANY_NUMBER.rule} without line breaks, control characters, < and >`,
};
const NOTE = text(4_000);
const URL_TEXT = text(2_048);

const RESOURCE_RULES: OptionRules<PlanResource> = {
  kind: { oneOf: RESOURCE_KINDS },
  name: { required: NAME },
  regions: {
    each: {
      matches: (region) => region === '*' || countryOf(region) !== null,
      rule: 'must be an ISO 3166 country code such as DE, or *',
    },
  },
  phone: NUMBER,
  text: NUMBER,
  url: {
    matches: (url) => URL_TEXT.matches(url) && LINK.test(String(url)),
    rule: `${URL_TEXT.rule} that begins with https:, http:, tel:, sms: or mailto:`,
  },
  note: NOTE,
};

const PLAN_RULES: OptionRules<CrisisPlan> = {
  resources: { required: { each: 'object' } },
};

/** What may hold card data. */
const TEXTS = ['name', 'phone', 'text', 'url', 'note'] as const;

/**
 * The form by which the plan of a subject is kept.
 *
 * @throws HoldfastError `HF_OPTION_INVALID`.
 */
export function checkedPlanSubject(subject: unknown): string {
  requireOption(isSubject(subject), 'subject', SUBJECT_RULE);
  return subjectForm(subject);
}

/**
 * Checks a plan of unknown origin and fills in its defaults.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` or `HF_CARD_NUMBER_REFUSED` naming the field,
 * `HF_PAYLOAD_TOO_LARGE`.
 */
export function checkCrisisPlan(plan: unknown): CheckedCrisisPlan {
  checkFields(plan, PLAN_RULES, 'plan');
  const { resources } = plan as CrisisPlan;
  requireOption(
    resources.length > 0 && resources.length <= RESOURCES_MAX,
    'plan.resources',
    `must have 1 to ${RESOURCES_MAX} entries; crisisPlans.delete() takes a plan away`,
  );
  const checked = {
    resources: resources.map((resource, index) =>
      checkResource(resource, `plan.resources[${index}]`),
    ),
  };
  const bytes = new TextEncoder().encode(encodeCrisisPlan(checked)).length;
  if (bytes > PLAN_BYTES_MAX) {
    throw new HoldfastError(
      'HF_PAYLOAD_TOO_LARGE',
      `plan takes ${bytes} bytes as JSON, and may take ${PLAN_BYTES_MAX}. Nothing was stored.`,
      { field: 'plan' },
    );
  }
  return checked;
}

/**
 * Checks a resource of unknown origin and fills in its defaults.
 *
 * @throws HoldfastError `HF_OPTION_INVALID` or `HF_CARD_NUMBER_REFUSED` naming the field.
 */
export function checkResource(given: unknown, field: string): CrisisResource {
  checkFields(given, RESOURCE_RULES, field);
  const resource = given as PlanResource;
  const { kind = 'plan', name, regions = ['*'], phone, text: textNumber, url, note } = resource;
  requireOption(
    regions.length > 0 && regions.length <= REGIONS_MAX,
    `${field}.regions`,
    `must have 1 to ${REGIONS_MAX} entries`,
  );
  for (const one of TEXTS) refuseCard(resource[one], `${field}.${one}`);
  return { kind, name, regions: [...regions], phone, text: textNumber, url, note };
}

function refuseCard(value: string | undefined, field: string): void {
  const datum = value === undefined ? null : cardDatumInText(value);
  if (datum === null) return;
  throw new HoldfastError(
    'HF_CARD_NUMBER_REFUSED',
    `${field} holds what looks like ${datum}, which holdfast keeps nowhere. Nothing was stored.`,
    { field },
  );
}

/** The text that is kept of a plan; {@link decodeCrisisPlan} is the inverse. */
export function encodeCrisisPlan({ resources }: CheckedCrisisPlan): string {
  return JSON.stringify({ format: FORMAT, resources });
}

/** @throws HoldfastError `HF_RECORD_NEWER` for one that a newer version of holdfast wrote. */
export function decodeCrisisPlan(kept: string): CheckedCrisisPlan {
  const { format, resources } = JSON.parse(kept) as CheckedCrisisPlan & { readonly format: number };
  if (format !== FORMAT) {
    throw new HoldfastError(
      'HF_RECORD_NEWER',
      `The crisis plan is of format ${format}; this version of holdfast knows ${FORMAT}. It is left as it is.`,
      { retry: 'later' },
    );
  }
  return { resources };
}
