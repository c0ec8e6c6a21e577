/**
 * The shapes of docs/json.md, read from the page: every test that runs a command with `--json` is held to them.
 *
 * @module
 */

import { readFileSync } from 'node:fs';

type Check = (value: unknown) => string | null;

const PAGE = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8');
const CODE = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code).join('');
const SHAPES = new Map(
  [...CODE.matchAll(/^([a-z -]+): (.+)$/gm)].map(([, name = '', text = '']) => [name, text]),
);
/** Of these the page promises nothing. */
const UNPROMISED = new Set(['demo', 'crisis-drill', 'simulate', 'charts', 'evidence']);

export const DESCRIBED: readonly string[] = [...SHAPES.keys()];

/** What of a line of stdout is not as the page says; `null` where all is. */
export function faultOfLine(args: readonly string[], line: string): string | null {
  const [group = '', verb = ''] = args;
  if (UNPROMISED.has(group) || args.includes('--version')) return null;
  const command = [`${group} ${verb}`, `${group} list`, group].find((one) => SHAPES.has(one));
  if (command === undefined) return `docs/json.md does not say what ${group} prints`;
  const how = args.find((one) => SHAPES.has(`${command} ${one}`));
  return faultOf(how === undefined ? command : `${command} ${how}`, JSON.parse(line));
}

export function faultOf(name: string, value: unknown): string | null {
  const fault = checkOf(SHAPES.get(name) ?? '')(value);
  return fault === null ? null : `${name}${fault} as docs/json.md has it: ${JSON.stringify(value)}`;
}

/** Reads `operations list & { conflictId?: string }` as a check of a value. */
function checkOf(text: string): Check {
  const tokens = text.match(/[a-z]+(?:-[a-z]+)*(?: (?:--)?[a-z-]+)+|\w+\??|[^\s]/gi) ?? [];
  let at = 0;
  const type = (): Check => {
    let check = atom();
    while (tokens[at] === '|' || tokens[at] === '&') {
      const [sign, one] = [tokens[at++], check];
      const other = atom();
      check =
        sign === '|' ? (value) => (one(value) === null ? null : other(value)) : both(one, other);
    }
    return check;
  };
  const atom = (): Check => {
    const token = tokens[at++] ?? '';
    if (token === '[') {
      const item = type();
      at += 1;
      return (value) =>
        Array.isArray(value)
          ? (value.map(item).find((fault) => fault !== null) ?? null)
          : ' is no array';
    }
    if (token !== '{') return named(token);
    const fields: Record<string, Check> = {};
    while (tokens[at] !== '}') {
      const name = tokens[at] ?? '';
      at += 2;
      fields[name] = type();
      if (tokens[at] === ',') at += 1;
    }
    at += 1;
    return Object.assign(fieldsCheck(fields), { fields });
  };
  return type();
}

function both(one: Check, other: Check): Check {
  const fields = { ...fieldsOf(one), ...fieldsOf(other) };
  return Object.assign(fieldsCheck(fields), { fields });
}

function fieldsOf(check: Check): Readonly<Record<string, Check>> {
  return (check as { readonly fields?: Readonly<Record<string, Check>> }).fields ?? {};
}

function fieldsCheck(fields: Readonly<Record<string, Check>>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return ' is no object';
    const found = new Map(Object.entries(value));
    for (const [name, check] of Object.entries(fields)) {
      const plain = name.replace('?', '');
      if (!found.has(plain)) {
        if (plain === name) return `.${name} is missing`;
        continue;
      }
      const fault = check(found.get(plain));
      if (fault !== null) return `.${plain}${fault}`;
      found.delete(plain);
    }
    const [unknown] = found.keys();
    return unknown === undefined ? null : `.${unknown} is not`;
  };
}

function named(name: string): Check {
  const shape = SHAPES.get(name);
  if (shape !== undefined) return checkOf(shape);
  if (name === 'Json') return () => null;
  if (name === 'null') return (value) => (value === null ? null : ' is not null');
  if (/^[A-Z]/.test(name)) {
    return (value) => (typeof value === 'object' && value !== null ? null : ' is no object');
  }
  if (!['string', 'number', 'boolean'].includes(name)) throw new Error(`No type: ${name}`);
  return (value) => ([name].includes(typeof value) && !isFraction(value) ? null : ` is no ${name}`);
}

function isFraction(value: unknown): boolean {
  return typeof value === 'number' && !Number.isInteger(value);
}
