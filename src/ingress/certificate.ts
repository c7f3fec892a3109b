import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AutoServeError, fileTroubleOf } from '../error.ts';
import { isHost } from './route.ts';

/** A host's certificate, with its chain, and private key, in PEM. */
export interface Certificate {
  host: string;
  certificate: string;
  key: string;
}

/** A pair that cannot be used as it is now. */
export interface CertificateProblem {
  host: string;
  error: AutoServeError;
}

/**
 * The pairs `<host>.crt` and `<host>.key` of a directory, by host, and why each of the others is left out
 * (`CertificateInvalid`). A directory that does not exist holds none. Throws what reading the directory throws.
 */
export async function readCertificates(
  directory: string,
): Promise<{ certificates: Certificate[]; problems: CertificateProblem[] }> {
  const certificates: Certificate[] = [];
  const problems: CertificateProblem[] = [];
  for (const name of (await list(directory)).toSorted()) {
    if (!name.endsWith('.crt')) continue;
    const host = name.slice(0, -'.crt'.length);
    try {
      certificates.push(await readPair(directory, host));
    } catch (cause) {
      const what = `certificate ${join(directory, name)} is not used: ${fileTroubleOf(cause)}`;
      const remedy = 'put PEM files <host>.crt and <host>.key of one key pair there, readable for autoserve';
      problems.push({ host, error: new AutoServeError('CertificateInvalid', what, { cause, remedy }) });
    }
  }
  return { certificates, problems };
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function readPair(directory: string, host: string): Promise<Certificate> {
  if (!isHost(host)) throw new Error('its name is no host name in lower case');
  const certificate = await readFile(join(directory, `${host}.crt`), 'utf8');
  const key = await readFile(join(directory, `${host}.key`), 'utf8').catch((cause: unknown) => {
    throw new Error(`${host}.key: ${fileTroubleOf(cause)}`, { cause });
  });
  // nginx would refuse it, and the host would have to go on without.
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${host}.key is not the key of this certificate`);
  }
  return { host, certificate, key };
}
