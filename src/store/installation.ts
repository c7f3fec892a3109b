import { randomBytes } from 'node:crypto';
import type { Connection } from './database.ts';

/** Who this AutoServe is: what marks its containers, and the key of the digests by which a changed secret is noticed. */
export interface Installation {
  id: string;
  /** 64 hexadecimal digits. */
  secretDigestKey: string;
}

/** The installation of a database, made on first sight. An `id` that is given replaces the one that is stored. */
export async function readInstallation(connection: Connection, id: string | null): Promise<Installation> {
  const [installation] = await connection.query<Installation>(
    `INSERT INTO installation AS i (id, secret_digest_key) VALUES (?, ?)
     ON CONFLICT (singleton) DO UPDATE SET id = COALESCE(?, i.id)
     RETURNING id, secret_digest_key AS "secretDigestKey"`,
    [id ?? randomBytes(4).toString('hex'), randomBytes(32).toString('hex'), id],
  );
  if (!installation) throw new Error('an INSERT of one row returned none');
  return installation;
}

/** Where the ingress is from now on; null for no ingress. */
export async function writeIngressPort(connection: Connection, port: number | null): Promise<void> {
  await connection.query('UPDATE installation SET ingress_port = ? WHERE ingress_port IS DISTINCT FROM ?', [
    port,
    port,
  ]);
}

/** The port of the ingress as the last `up` had it; null when it had none. */
export async function readIngressPort(connection: Connection): Promise<number | null> {
  const [row] = await connection.query<{ port: number | null }>(
    'SELECT ingress_port AS port FROM installation',
  );
  return row?.port ?? null;
}

/** The installation of a database, without making one; undefined when there is none yet. */
export async function findInstallation(connection: Connection): Promise<Installation | undefined> {
  const [installation] = await connection.query<Installation>(
    'SELECT id, secret_digest_key AS "secretDigestKey" FROM installation',
  );
  return installation;
}
