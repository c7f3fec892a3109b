import { expect } from 'chai';
import type { LogLine } from '../../../src/engine/engine.ts';
import { eventually } from '../../eventually.ts';
import { expectRefusal, SECRET_VALUE, type Fixture } from './fixture.ts';

export function outputContract(current: () => Fixture): void {
  let fixture: Fixture;

  beforeEach(() => {
    fixture = current();
  });

  async function greeted(id: string): Promise<void> {
    await eventually(async () =>
      expect(await fixture.output(id)).to.have.length.at.least(fixture.host.greeting),
    );
  }

  /** A container that printed `one` and `two`, after whatever its process says by itself. */
  async function printed(): Promise<string> {
    const id = await fixture.started();
    await greeted(id);
    await fixture.host.print(id, 'stdout', 'one');
    await eventually(async () => expect((await fixture.output(id)).at(-1)).to.include({ line: 'one' }));
    await fixture.host.print(id, 'stderr', 'two');
    await eventually(async () => expect((await fixture.output(id)).at(-1)).to.include({ line: 'two' }));
    return id;
  }

  /** Follows in the background. */
  function follow(id: string, tail?: number): { lines: LogLine[]; done: Promise<void>; stop: () => void } {
    const lines: LogLine[] = [];
    const calledOff = new AbortController();
    const options = { follow: true, ...(tail !== undefined && { tail }) };
    const read = async () => {
      for await (const line of fixture.engine.followLogs(id, options, calledOff.signal)) lines.push(line);
    };
    return { lines, done: read(), stop: () => calledOff.abort() };
  }

  describe('output', () => {
    it('comes line by line, with its stream and its time', async () => {
      const before = new Date();
      const id = await printed();
      const lines = (await fixture.output(id)).slice(-2);
      expect(lines.map(({ stream, line }) => `${stream} ${line}`)).to.deep.equal([
        'stdout one',
        'stderr two',
      ]);
      for (const { time } of lines) expect(time.getTime()).to.be.at.least(before.getTime());
    });

    it('begins with as many last lines, or at such a time, as is asked for', async () => {
      const id = await printed();
      const [last] = await fixture.output(id, { tail: 1 });
      expect(last?.line).to.equal('two');
      const since = await fixture.output(id, last ? { since: last.time } : {});
      expect(since.at(-1)?.line).to.equal('two');
      expect(await fixture.output(id, { since: new Date(Date.now() + 3_600_000) })).to.be.empty;
    });

    it('can be read when the container has ended, and when it is started anew', async () => {
      const id = await printed();
      await fixture.engine.stopContainer(id, 5);
      const ended = await fixture.output(id, { follow: true });
      expect(ended.map(({ line }) => line)).to.include.members(['one', 'two']);
      await fixture.engine.startContainer(id);
      expect((await fixture.output(id)).map(({ line }) => line)).to.include.members(['one', 'two']);
    });

    it('is followed until the container ends', async () => {
      const id = await printed();
      const { lines, done } = follow(id, 1);
      await eventually(() => expect(lines.map(({ line }) => line)).to.deep.equal(['two']));
      await fixture.host.print(id, 'stdout', 'three');
      await eventually(() => expect(lines.map(({ line }) => line)).to.deep.equal(['two', 'three']));
      await fixture.engine.removeContainer(id);
      await done;
    });

    it('is followed until that is called off', async () => {
      const id = await printed();
      const { lines, done, stop } = follow(id);
      await eventually(() => expect(lines.at(-1)?.line).to.equal('two'));
      stop();
      await done;
      await fixture.host.print(id, 'stdout', 'three');
      expect(lines.at(-1)?.line).to.equal('two');
    });

    it('is kept without the secrets that the container was given', async () => {
      const env = [
        { name: 'PASSWORD', secret: { key: 'db', field: 'password' } },
        { name: 'MODE', value: 'production' },
      ];
      const id = await fixture.engine.createContainer({ ...fixture.spec(), env });
      await fixture.engine.startContainer(id);
      await greeted(id);
      await fixture.host.print(id, 'stdout', `production, with ${SECRET_VALUE}`);
      await eventually(async () => {
        const [last] = (await fixture.engine.logs(id, 1)).split('\n');
        expect(last).to.equal('production, with [secret PASSWORD]');
      });
    });

    it('is refused of a container that is gone', async () => {
      const id = await fixture.started();
      await fixture.host.remove(id);
      await expectRefusal('ContainerNotFound', fixture.host.engine(fixture.installation).logs(id, 1));
      await expectRefusal('ContainerNotFound', fixture.output(id));
    });
  });
}
