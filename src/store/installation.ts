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

/** What commands go by of the AutoServe that runs, whatever their own settings. */
export interface Whereabouts {
  /** The port of the ingress; null when there is none. */
  ingressPort: number | null;
  /** The watched folder, an absolute path where AutoServe runs; null before the first `up`. */
  manifests: string | null;
}

/** Where everything is from now on. */
export async function writeWhereabouts(
  connection: Connection,
  { ingressPort, manifests }: Whereabouts,
): Promise<void> {
  await connection.query(
    `UPDATE installation SET ingress_port = ?, manifests = ?
     WHERE (ingress_port, manifests) IS DISTINCT FROM (?::integer, ?::text)`,
    [ingressPort, manifests, ingressPort, manifests],
  );
}

/** As the last `up` had it. */
export async function readWhereabouts(connection: Connection): Promise<Whereabouts> {
  const [row] = await connection.query<Whereabouts>(
    'SELECT ingress_port AS "ingressPort", manifests FROM installation',
  );
  return row ?? { ingressPort: null, manifests: null };
}

/** The installation of a database, without making one; undefined when there is none yet. */
export async function findInstallation(connection: Connection): Promise<Installation | undefined> {
  const [installation] = await connection.query<Installation>(
    'SELECT id, secret_digest_key AS "secretDigestKey" FROM installation',
  );
  return installation;
}
