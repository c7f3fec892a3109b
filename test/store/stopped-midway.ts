import { expect } from 'chai';
import type { Database } from '../../src/store/database.ts';
import { eventually } from '../eventually.ts';

const GATE = 4711;

/** Ends the connection of `work` when it is about to insert its `row`-th row into a table; resolves with what it threw. */
export async function endWhileInserting(
  database: Database,
  table: string,
  row: number,
  work: () => Promise<unknown>,
): Promise<unknown> {
  await database.query(`
    CREATE SEQUENCE gate_rows;
    CREATE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('gate_rows') = ${row} THEN PERFORM pg_advisory_xact_lock_shared(${GATE}); END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER wait_at_gate BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION wait_at_gate();`);
  let thrown: unknown;
  await database.transaction(async (connection) => {
    await connection.query(`SELECT pg_advisory_xact_lock(${GATE})`);
    const outcome = work().then(
      () => undefined,
      (error: unknown) => error,
    );
    await eventually(async () => {
      const ended = await connection.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks
         WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      );
      expect(ended).to.have.length(1);
    });
    thrown = await outcome;
  });
  await database.query(`
    DROP TRIGGER wait_at_gate ON ${table};
    DROP FUNCTION wait_at_gate();
    DROP SEQUENCE gate_rows;`);
  return thrown;
}
