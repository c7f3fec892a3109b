import type { ErrorObject } from 'ajv';
import { isMapping } from './canonical.ts';
import { childPointer, fieldPath, parentPointer, pointerParts } from './pointer.ts';
import type { Problem } from './problem.ts';
import { appSchema, propertiesOf, resolve, type Schema } from './schema.ts';
import { didYouMean, suggestField, suggestWord } from './suggestion.ts';

type ShowValue = (pointer: string, value: unknown) => string;

/**
 * The schema validator's errors as problems a user can act on, one for each mistake: the validator reports some
 * twice, and reports what only follows from a misspelt field.
 *
 * @param show the value at a pointer as the user wrote it
 */
export function problemsOf(errors: readonly ErrorObject[], show: ShowValue): Problem[] {
  const unknown = errors.filter(({ keyword }) => keyword === 'additionalProperties').map(unknownField);
  const misspelt = new Set(
    unknown.filter(({ suggested }) => suggested !== undefined).map(({ parent }) => parent),
  );
  const intended = new Set(
    unknown.map(({ parent, suggested }) => (suggested === undefined ? '' : childPointer(parent, suggested))),
  );
  const missing = new Map<string, string[]>();
  const worst = new Map<string, ErrorObject>();
  const problems = unknown.map(({ problem }) => problem);

  for (const error of errors) {
    const { keyword, instancePath } = error;
    if (keyword === 'additionalProperties' || keyword === 'if') continue;
    if (keyword === 'required') {
      const name = String(error.params['missingProperty']);
      const conditional = (error.parentSchema as Schema).additionalProperties === undefined;
      const follows =
        intended.has(childPointer(instancePath, name)) || (conditional && misspelt.has(instancePath));
      if (!follows) missing.set(instancePath, [...(missing.get(instancePath) ?? []), name]);
    } else if (keyword === 'not' && misspelt.has(parentPointer(instancePath))) {
      continue;
    } else {
      const known = worst.get(instancePath);
      if (!known || rank(error) < rank(known)) worst.set(instancePath, error);
    }
  }
  for (const [pointer, names] of missing) problems.push(missingFields(pointer, names));
  return [...problems, ...[...worst.values()].map((error) => wrongValue(error, show))];
}

/** Of several errors about one value, the first that a user would fix. */
function rank({ keyword }: ErrorObject): number {
  return ['type', 'not', 'enum', 'const'].indexOf(keyword) + 1 || 9;
}

function unknownField(error: ErrorObject) {
  const parent = error.instancePath;
  const name = String(error.params['additionalProperty']);
  const path = schemaPathOf(parent);
  const { sibling, elsewhere } = suggestField(error.parentSchema as Schema, name);
  const known = propertiesOf(error.parentSchema as Schema)
    .filter(([, property]) => property['x-alias-of'] === undefined)
    .map(([field]) => field);
  const meant = sibling ?? elsewhere;
  const explained = sibling === undefined ? (elsewhere ?? path) : join(path, sibling);
  const problem: Problem = {
    severity: 'error',
    pointer: childPointer(parent, name),
    on: 'key',
    message: `unknown field ${JSON.stringify(name)}`,
    ...(meant !== undefined && { suggestion: didYouMean(meant) }),
    ...(meant === undefined && known.length <= 8 && { suggestion: `fields here are ${known.join(', ')}` }),
    hint: explain(explained),
  };
  return { parent, suggested: sibling, problem };
}

function missingFields(pointer: string, names: readonly string[]): Problem {
  const [first = ''] = names;
  const quoted = names.map((name) => JSON.stringify(name)).join(', ');
  const path = schemaPathOf(pointer);
  return {
    severity: 'error',
    pointer,
    on: 'key',
    message: `missing field${names.length > 1 ? 's' : ''} ${quoted} in ${fieldPath(pointer)}`,
    hint: explain(names.length > 1 ? path : join(path, first)),
  };
}

function wrongValue(error: ErrorObject, show: ShowValue): Problem {
  const { instancePath: pointer, data } = error;
  const schema = error.parentSchema as Schema;
  const field = fieldPath(pointer);
  const shown = data === null ? 'empty' : show(pointer, data);
  const suggestion = suggestValue(error, schema, shown);
  return {
    severity: 'error',
    pointer,
    on: error.keyword === 'not' ? 'key' : 'value',
    message:
      error.keyword === 'not'
        ? `field "${pointerParts(pointer).at(-1)}" is ${schema['x-expects']}`
        : `${field} must be ${expectation(error, schema)}, not ${shown}`,
    ...(suggestion !== undefined && { suggestion }),
    hint: explain(schemaPathOf(pointer)),
  };
}

function expectation({ keyword, params }: ErrorObject, schema: Schema): string {
  switch (keyword) {
    case 'type':
      return schema['x-expects'] ?? typesInWords[typeOf(schema)] ?? typeOf(schema);
    case 'const':
      return JSON.stringify(schema.const);
    case 'enum':
      return `one of ${(schema.enum ?? []).map((word) => JSON.stringify(word)).join(', ')}`;
    case 'minimum':
      return `at least ${params['limit']}`;
    case 'maximum':
      return `at most ${params['limit']}`;
    case 'exclusiveMinimum':
      return `more than ${params['limit']}`;
    case 'minLength':
      return 'some text';
    case 'maxLength':
      return `at most ${params['limit']} characters long`;
    case 'minItems':
      return 'a list with at least one item';
    case 'uniqueItems':
      return 'a list without repetitions';
    default:
      return schema['x-expects'] ?? 'something else';
  }
}

/** The first where there are several; those have words of their own. */
function typeOf(schema: Schema): string {
  return [schema.type ?? []].flat()[0] ?? 'string';
}

const typesInWords: Record<string, string> = {
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of fields',
  string: 'text',
};

function suggestValue({ keyword, data }: ErrorObject, schema: Schema, shown: string): string | undefined {
  if (keyword === 'enum' || keyword === 'const') {
    const word =
      typeof data === 'string' ? suggestWord(data, schema.enum ?? [schema.const ?? '']) : undefined;
    return word === undefined ? undefined : didYouMean(word);
  }
  if (keyword === 'pattern' && typeof data === 'string') {
    const lower = data.toLowerCase();
    return lower !== data && new RegExp(schema.pattern ?? '').test(lower) ? didYouMean(lower) : undefined;
  }
  if (keyword !== 'type') return undefined;
  const type = typeOf(schema);
  if (data === null) {
    if (type === 'array') return 'write [] or remove the field';
    return type === 'object' ? 'write {} or remove the field' : undefined;
  }
  if (type === 'string' && (typeof data === 'number' || typeof data === 'boolean')) {
    return `put it in quotes: "${shown}"`;
  }
  if ((type === 'integer' || type === 'number') && typeof data === 'string' && /^-?[0-9]+$/.test(data)) {
    return `write it without quotes: ${data}`;
  }
  if (type === 'boolean' && typeof data === 'string') {
    if (/^(yes|on|y|true)$/i.test(data)) return 'write true';
    if (/^(no|off|n|false)$/i.test(data)) return 'write false';
  }
  if (type === 'array' && typeof data === 'string') return `write a list: [${JSON.stringify(data)}]`;
  if (type === 'array' && isMapping(data)) return 'write a list: each item begins with "- "';
  return undefined;
}

/** The field of the schema that a pointer leads to, aliases resolved: `spec.ports.containerPort`. */
function schemaPathOf(pointer: string): string {
  let schema: Schema | undefined = appSchema;
  let path = '';
  for (const part of pointerParts(pointer)) {
    const here: Schema | undefined = schema && resolve(schema);
    if (here?.items) {
      schema = here.items;
      continue;
    }
    const property = new Map(here ? propertiesOf(here) : []).get(part);
    if (!property) break;
    const alias = property['x-alias-of'];
    if (alias === undefined) path = join(path, part);
    else path = alias.startsWith('/') ? pointerParts(alias).join('.') : join(path, alias);
    schema = property;
  }
  return path;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function explain(path: string): string {
  return `autoserve explain ${path === '' ? 'app' : `app.${path}`}`;
}
