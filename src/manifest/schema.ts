import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package-root.ts';

/** The keywords of JSON Schema that `schemas/app.schema.json` uses, and its own `x-` keywords. */
export interface Schema {
  $id?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema | false>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  enum?: string[];
  const?: string;
  default?: unknown;
  allOf?: Schema[];
  if?: Schema;
  then?: Schema;
  not?: Schema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  /** Where the value is stored: a name beside this one, or from the root when it starts with `/`. */
  'x-alias-of'?: string;
  /** A default that depends on other fields, in words; `defaults.ts` computes it. */
  'x-default'?: string;
  /** What a value must be, in words, for messages. */
  'x-expects'?: string;
}

/** `schemas/app.schema.json`: what users write. */
export const appSchema = JSON.parse(
  readFileSync(join(packageRoot, 'schemas', 'app.schema.json'), 'utf8'),
) as Schema;

/** A schema with its `$ref` followed; keywords beside the `$ref` win. */
export function resolve(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...own } = schema;
  const target = appSchema.$defs?.[$ref.replace('#/$defs/', '')];
  if (!target) throw new Error(`schemas/app.schema.json: ${$ref} leads nowhere`);
  return { ...resolve(target), ...own };
}

/** The properties of an object schema by name, each resolved; conditional ones (`allOf`) not included. */
export function propertiesOf(schema: Schema): [name: string, schema: Schema][] {
  return Object.entries(resolve(schema).properties ?? {}).flatMap(([name, property]) =>
    property ? [[name, resolve(property)]] : [],
  );
}
