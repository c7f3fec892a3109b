import type { Knex } from 'knex';
import { MigrationDirectory } from './src/store/migrate.ts';

/** For knex's own command line, on the database that `AUTOSERVE_DATABASE_URL` names. */
const config: Knex.Config = {
  client: 'pg',
  connection: () => {
    const connectionString = process.env['AUTOSERVE_DATABASE_URL'];
    if (!connectionString) throw new Error('AUTOSERVE_DATABASE_URL is not set: autoserve db url prints it');
    return { connectionString };
  },
  migrations: { migrationSource: new MigrationDirectory() },
};

export default config;
