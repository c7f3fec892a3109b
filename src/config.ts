/** Everything that can be set, as one validated frozen object: flags > environment > file > defaults. */
export interface Config {
  /** The watched folder. */
  manifests: string;
  /** Where AutoServe keeps its embedded database, its lock and its log. */
  dataDir: string;
  /** Null for the embedded PostgreSQL under the data directory. */
  databaseUrl: string | null;
  /** Null for the one kept in the database. */
  installation: string | null;
  /** `DOCKER_HOST`; null for the local socket. */
  dockerHost: string | null;
  secretsDir: string;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** How often everything is looked at though nothing called for it, in seconds. */
  resyncSeconds: number;
  /** Engine calls at a time. */
  engineCalls: number;
}
