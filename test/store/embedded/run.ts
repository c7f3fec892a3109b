/** Runs the embedded PostgreSQL on the directory it is given, until it is killed. */
import { EmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts';

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: run.ts DIRECTORY');
const embedded = await EmbeddedPostgres.start(directory, () => {});
process.stdout.write(`${embedded.pid}\n`);
setInterval(() => {}, 60_000);
