import { expect } from 'chai';
import { Outbox, type Write } from '../../src/control/outbox.ts';
import { MemoryDatabase } from '../../src/store/memory/memory-database.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { event, instance } from '../store/records.ts';
import { VirtualClock } from '../virtual-clock.ts';

const START = new Date('2026-01-01T00:00:00Z');

describe('Outbox', () => {
  /** Runs what can run without time passing. */
  const quiet = () => new Promise((resolve) => setImmediate(resolve));

  const setUp = () => {
    const clock = new VirtualClock(START);
    const database = new MemoryDatabase(
      () => clock.now(),
      () => 'uuid',
    );
    const connection = { away: false, slow: false };
    const store = new MemoryStore(database, {
      before: async () => {
        if (connection.away) throw new StoreUnavailable(new Error('gone'));
        if (connection.slow) await new Promise<void>((resolve) => clock.schedule(2_000, resolve));
      },
    });
    let returns = 0;
    const outbox = new Outbox(store, clock, {
      onReturn: () => (returns += 1),
      onRefused: (error) => expect.fail(String(error)),
    });
    const append =
      (reason: string): Write =>
      (to) =>
        to.appendEvents([event(reason)]);
    const pass = async (ms: number) => {
      for (const end = clock.now().getTime() + ms; clock.now().getTime() < end;) {
        clock.advance(100);
        await quiet();
      }
    };
    const reasons = () => database.events.map(({ reason }) => reason);
    return { outbox, connection, append, pass, reasons, returns: () => returns };
  };

  it('holds writes while the database is away and lands them in their order when it returns', async () => {
    const { outbox, connection, append, pass, reasons, returns } = setUp();
    await outbox.write(append('First'));
    connection.away = true;
    await outbox.write(append('Second'));
    await outbox.write(append('Third'));
    await pass(5_000);
    expect(reasons()).to.deep.equal(['First']);
    expect([outbox.away, outbox.held, returns()]).to.deep.equal([true, 2, 0]);
    connection.away = false;
    await pass(1_000);
    expect(reasons()).to.deep.equal(['First', 'Second', 'Third']);
    expect([outbox.away, outbox.held, returns()]).to.deep.equal([false, 0, 1]);
  });

  it('lands each write once, though somebody finds the database away while they land', async () => {
    const { outbox, connection, append, pass, reasons, returns } = setUp();
    connection.away = true;
    await outbox.write(append('First'));
    await outbox.write(append('Second'));
    connection.away = false;
    connection.slow = true;
    await pass(1_000);
    outbox.markAway();
    await pass(10_000);
    expect(reasons()).to.deep.equal(['First', 'Second']);
    expect([outbox.away, returns()]).to.deep.equal([false, 1]);
  });

  it('shows the instances that were written, landed or held, until the database has been read since', async () => {
    const { outbox, connection } = setUp();
    const [landed, held] = [instance('landed'), instance('held')];
    await outbox.write((to) => to.writeStatus([], [landed]), [landed]);
    const read = outbox.writtenInstances;
    connection.away = true;
    await outbox.write((to) => to.writeStatus([], [held]), [held]);
    for (const row of [landed, held])
      expect(outbox.writtenInstances.get(row.containerName)).to.deep.include(row);
    outbox.forgetInstances(read);
    expect([...outbox.writtenInstances.keys()]).to.deep.equal([held.containerName]);
  });

  it('drops attempts while the database is away, and asks for it no more once closed', async () => {
    const { outbox, connection, append, pass, reasons, returns } = setUp();
    connection.away = true;
    await outbox.attempt(append('Now or never'));
    outbox.close();
    outbox.markAway();
    connection.away = false;
    await pass(5_000);
    expect([reasons(), returns()]).to.deep.equal([[], 0]);
  });
});
