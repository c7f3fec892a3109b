import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { ConfigFile } from './config.ts';
import { AutoServeError, fileTroubleOf } from './error.ts';
import { packageRoot } from './package-root.ts';

/**
 * Reads and validates a configuration file, YAML or JSON; its paths come out absolute. Throws `AutoServeError`
 * `UsageError` with everything that is wrong in it.
 */
export function readConfigFile(path: string): ConfigFile {
  const file = (parseFile(path) ?? {}) as ConfigFile;
  const schema = JSON.parse(
    readFileSync(join(packageRoot, 'schemas', 'config.schema.json'), 'utf8'),
  ) as object;
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
  const validate = addFormats.default(ajv, ['ipv4', 'ipv6']).compile(schema);
  if (!validate(file)) {
    // What has none of several formats is told of once, by the error that names them all.
    const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== 'format');
    const problems = errors.map((error) => `\n  ${describe(error)}`);
    throw usage(`${path} is not a valid configuration:${problems.join('')}`);
  }
  for (const key of ['manifests', 'dataDir', 'secretsDir'] as const) {
    const value = file[key];
    if (value !== undefined) file[key] = resolve(dirname(path), value);
  }
  const { ingress } = file;
  if (ingress?.certificatesDir !== undefined)
    ingress.certificatesDir = resolve(dirname(path), ingress.certificatesDir);
  return file;
}

function parseFile(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usage(`cannot read the configuration ${path}: ${fileTroubleOf(error)}`, error);
  }
}

function describe({ instancePath, keyword, params, message, schema }: ErrorObject): string {
  const place = instancePath.slice(1).replaceAll('/', '.') || 'the file';
  const { additionalProperty, allowedValues } = params as Record<string, unknown>;
  if (keyword === 'additionalProperties') return `${place}: unknown setting "${String(additionalProperty)}"`;
  if (keyword === 'enum') return `${place}: must be one of ${(allowedValues as string[]).join(', ')}`;
  if (keyword === 'anyOf')
    return `${place}: must be ${(schema as { format: string }[]).map(({ format }) => format).join(' or ')}`;
  return `${place}: ${message}`;
}

function usage(message: string, cause?: unknown): AutoServeError {
  return new AutoServeError('UsageError', message, {
    remedy: 'the settings and what they mean: schemas/config.schema.json of the package',
    cause,
  });
}
