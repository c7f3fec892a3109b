/**
 * Writes src/manifest/app.gen.ts, the type of a manifest as it is stored (aliases gone, defaults filled in),
 * from schemas/app.schema.json. With `--check` writes nothing and exits 1 if the file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, type JSONSchema } from 'json-schema-to-typescript';
import { appSchema, propertiesOf, resolve, type Schema } from '../src/manifest/schema.ts';
import { packageRoot } from '../src/package-root.ts';

const target = join(packageRoot, 'src', 'manifest', 'app.gen.ts');

function storedSchema(): Schema {
  const objects = Object.entries(appSchema.$defs ?? {}).filter(([, schema]) => schema.title !== undefined);
  return {
    ...storedObject(appSchema),
    $defs: Object.fromEntries(objects.map(([name, schema]) => [name, storedObject(schema)])),
  };
}

/** An object without aliases; conditional parts with a title become the members of a union. */
function storedObject(schema: Schema): Schema & { oneOf?: Schema[] } {
  const { title, description, allOf = [] } = schema;
  const variants = allOf.filter((part) => part.title !== undefined);
  if (variants.length === 0) return storedProperties(schema);
  return {
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    oneOf: variants.map((variant) => storedProperties(merged(schema, variant))),
  };
}

/** What an object looks like when the condition of `variant` holds. */
function merged(schema: Schema, variant: Schema): Schema {
  const parts = [variant.if ?? {}, resolve(variant.then ?? {})];
  const properties = { ...schema.properties };
  for (const [name, property] of parts.flatMap((part) => Object.entries(part.properties ?? {}))) {
    const own = properties[name];
    if (!property || property.not || !own) properties[name] = false;
    else properties[name] = { ...own, ...property };
  }
  return {
    title: variant.title ?? '',
    type: 'object',
    additionalProperties: false,
    required: [...(schema.required ?? []), ...parts.flatMap((part) => part.required ?? [])],
    properties,
  };
}

function storedProperties(schema: Schema): Schema {
  const properties = propertiesOf(schema).filter(([, property]) => property['x-alias-of'] === undefined);
  const filled = properties.filter(([, property]) => 'default' in property || 'x-default' in property);
  return {
    title: schema.title ?? '',
    ...(schema.description !== undefined && { description: schema.description.replace(/ x-alias-of.*/, '') }),
    type: 'object',
    additionalProperties: false,
    required: [...new Set([...(schema.required ?? []), ...filled.map(([name]) => name)])],
    properties: Object.fromEntries(
      properties.map(([name, property]) => [name, storedField(schema.properties?.[name] || property)]),
    ),
  };
}

/** Objects stay references, so that they keep their names; everything else is written in place. */
function storedField(field: Schema): Schema {
  const { $ref } = field;
  const schema = resolve(field);
  if ($ref !== undefined && schema.title !== undefined) return { $ref };
  return {
    ...(schema.description !== undefined && { description: schema.description }),
    ...(schema.type !== undefined && { type: schema.type }),
    ...(schema.enum !== undefined && { enum: schema.enum }),
    ...(schema.const !== undefined && { enum: [schema.const] }),
    ...(schema.items !== undefined && { items: storedField(schema.items) }),
    ...(schema.additionalProperties !== undefined && { additionalProperties: schema.additionalProperties }),
  };
}

const banner =
  '/* Generated from schemas/app.schema.json by `npm run generate`: the manifest as it is stored. Do not edit. */';
const output = await compile(storedSchema() as unknown as JSONSchema, 'App', {
  bannerComment: banner,
  format: false,
});

if (!process.argv.includes('--check')) {
  writeFileSync(target, output);
} else if (readFileSync(target, 'utf8') !== output) {
  console.error('src/manifest/app.gen.ts is stale: run `npm run generate` and commit the result');
  process.exitCode = 1;
}
