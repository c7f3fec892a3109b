import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AutoServeError, messageOf } from '../error.ts';
import { isHost } from './route.ts';

/** A host's certificate, with its chain, and private key, in PEM. */
export interface Certificate {
  host: string;
  certificate: string;
  key: string;
}

/**
 * The pairs `<host>.crt` and `<host>.key` of a directory, by host, and why each of the others is left out
 * (`CertificateInvalid`). A directory that does not exist holds none. Throws what reading the directory throws.
 */
export async function readCertificates(
  directory: string,
): Promise<{ certificates: Certificate[]; problems: AutoServeError[] }> {
  const certificates: Certificate[] = [];
  const problems: AutoServeError[] = [];
  for (const name of (await list(directory)).toSorted()) {
    if (!name.endsWith('.crt')) continue;
    const path = join(directory, name);
    try {
      certificates.push(await readPair(directory, name.slice(0, -'.crt'.length)));
    } catch (error) {
      problems.push(
        new AutoServeError('CertificateInvalid', `certificate ${path} is not used: ${messageOf(error)}`, {
          cause: error,
          remedy: 'put PEM files <host>.crt and <host>.key of one key pair there, readable for autoserve',
        }),
      );
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
  const key = await readFile(join(directory, `${host}.key`), 'utf8');
  // What nginx would refuse, and with it every change of every application.
  if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) {
    throw new Error(`${host}.key is not the key of this certificate`);
  }
  return { host, certificate, key };
}
