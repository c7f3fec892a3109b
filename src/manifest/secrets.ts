import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AutoServeError, messageOf } from '../error.ts';
import type { App } from './app.gen.ts';

/** By `key/field`, or `key` for a secret that is one plain file; null while the secret is missing. */
export type SecretDigests = Record<string, string | null>;

/** What the schema allows as key and field: nothing that could leave the directory. */
const secretName = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * The value of a secret: the file `<dir>/<key>/<field>`, or `<dir>/<key>` without a field, less one newline at its
 * end. The layout is that of secrets mounted by Docker and Kubernetes.
 *
 * Throws `AutoServeError` `SecretMissing`; neither error nor message ever holds a value.
 */
export function readSecret(dir: string, key: string, field?: string): string {
  const parts = field === undefined ? [key] : [key, field];
  const path = join(dir, ...parts);
  if (!parts.every((part) => secretName.test(part))) {
    throw missing(path, 'its name is not a file name');
  }
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw missing(path, messageOf(error), error);
  }
}

/**
 * A digest of every secret the app uses, keyed so that a value cannot be guessed from it: rotating a secret changes
 * the spec hash without the value leaving the host.
 */
export function secretDigests(app: App, dir: string, digestKey: string | Uint8Array): SecretDigests {
  const digests: SecretDigests = {};
  for (const variable of app.spec.env) {
    if (!('source' in variable) || variable.source !== 'secret') continue;
    const { key, field } = variable;
    digests[field === undefined ? key : `${key}/${field}`] = digest(dir, digestKey, key, field);
  }
  return digests;
}

function digest(dir: string, digestKey: string | Uint8Array, key: string, field: string | undefined) {
  try {
    return createHmac('sha256', digestKey)
      .update(readSecret(dir, key, field))
      .digest('hex');
  } catch (error) {
    if (error instanceof AutoServeError && error.code === 'SecretMissing') return null;
    throw error;
  }
}

function missing(path: string, reason: string, cause?: unknown): AutoServeError {
  return new AutoServeError('SecretMissing', `secret ${path} cannot be read: ${reason}`, {
    remedy: `put the value into the file ${path}, readable by AutoServe`,
    ...(cause !== undefined && { cause }),
  });
}
