import { createHash } from 'node:crypto';

/** By which it is known whether a file is as it was read: SHA-256 of its bytes, in hexadecimal digits. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
