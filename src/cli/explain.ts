import { appSchema, propertiesOf, resolve, type Schema } from '../manifest/schema.ts';
import { suggestField } from '../manifest/suggestion.ts';
import { usageError } from './exit.ts';
import { alignColumns } from './table.ts';

/**
 * What the manifest's schema says of one field: `app`, `app.scaling.replicas`, `app.spec.ports.name`; lists are passed
 * through. Throws `UsageError` for a field that does not exist.
 */
export function explainField(path: string): string {
  const [root, ...names] = path.split('.').map((name) => name.replace(/\[\d*\]$/, ''));
  if (root !== 'app')
    throw usageError(`cannot explain "${path}"`, 'begin with app: autoserve explain app.spec');
  const { schema, required } = names.reduce(
    ({ schema: parent, at }, name) => {
      const fields = fieldsOf(parent);
      const field = fields.schema.find(([known]) => known === name)?.[1];
      if (!field) throw unknownField(at, name, parent, fields.schema);
      return { schema: field, at: `${at}.${name}`, required: fields.required.includes(name) };
    },
    { schema: resolve(appSchema), at: 'app', required: false },
  );
  return describe(path, schema, required);
}

function describe(path: string, schema: Schema, required: boolean): string {
  const fields = fieldsOf(schema);
  const facts = [
    ['default', defaultOf(schema)],
    ['one of', schema.enum?.join(', ')],
    ['must be', schema['x-expects']],
    ['range', rangeOf(schema)],
    ['stored as', schema['x-alias-of']?.replace(/^\//, 'app.').replaceAll('/', '.')],
  ].flatMap(([label, fact]) => (label === undefined || fact === undefined ? [] : [[`  ${label}`, fact]]));
  const children = fields.schema
    .filter(([, child]) => child['x-alias-of'] === undefined)
    .map(([name, child]) => {
      const mark = fields.required.includes(name) ? ' (required)' : '';
      return [`  ${name}`, typeOf(child) + mark, firstSentence(child.description ?? '')];
    });
  return [
    `${path}  ${typeOf(schema)}${required ? ' (required)' : ''}`,
    `  ${schema.description ?? ''}`,
    ...alignColumns(facts),
    ...(children.length > 0 ? ['', 'Fields:', ...alignColumns(children)] : []),
  ].join('\n');
}

/** The fields of an object, or of the objects in a list. */
function fieldsOf(schema: Schema): { schema: [name: string, schema: Schema][]; required: string[] } {
  const object = schema.items ? resolve(schema.items) : schema;
  return { schema: propertiesOf(object), required: object.required ?? [] };
}

function typeOf(schema: Schema): string {
  const { type, items, additionalProperties, properties } = schema;
  if (items) return `list of ${typeOf(resolve(items))}`;
  if (type === undefined) return 'string';
  if (type === 'object' && !properties && typeof additionalProperties === 'object')
    return `map of ${typeOf(resolve(additionalProperties))}`;
  return Array.isArray(type) ? type.join(' or ') : type;
}

function defaultOf(schema: Schema): string | undefined {
  if (schema['x-default'] !== undefined) return schema['x-default'];
  return 'default' in schema ? JSON.stringify(schema.default) : undefined;
}

function rangeOf({ minimum, maximum, exclusiveMinimum }: Schema): string | undefined {
  const low = exclusiveMinimum === undefined ? minimum : `above ${exclusiveMinimum}`;
  if (low !== undefined && maximum !== undefined) return `${low} to ${maximum}`;
  return low === undefined ? undefined : exclusiveMinimum === undefined ? `at least ${low}` : String(low);
}

function firstSentence(text: string): string {
  return /^.*?(?=\.(\s|$))/.exec(text)?.[0] ?? text;
}

function unknownField(at: string, name: string, parent: Schema, fields: [string, Schema][]) {
  const { sibling, elsewhere } = suggestField(parent.items ? resolve(parent.items) : parent, name);
  const meant = sibling === undefined ? elsewhere && `app.${elsewhere}` : `${at}.${sibling}`;
  const known = fields.map(([field]) => field).join(', ');
  return usageError(
    `${at} has no field "${name}"${known === '' ? '' : `; it has ${known}`}`,
    meant === undefined ? `autoserve explain ${at}` : `did you mean: autoserve explain ${meant}`,
  );
}
