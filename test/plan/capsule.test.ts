import { expect } from 'chai';
import { EngineError } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { MemoryWorld } from '../../src/engine/memory/memory-world.ts';
import { AutoServeError } from '../../src/error.ts';
import { endOfLog, recordFailure } from '../../src/plan/capsule.ts';
import type { Capsule, Failure } from '../../src/store/failure.ts';
import { specOf } from '../engine/contract/fixture.ts';
import { VirtualClock } from '../virtual-clock.ts';

const START = new Date('2026-01-01T00:00:00Z');

describe('recordFailure', () => {
  const failure: Failure = {
    reason: 'Crashed',
    message: 'exited 3',
    failedAt: START,
    startedAt: START,
    exitCode: 3,
    oomKilled: false,
    probes: [],
  };

  const setUp = async () => {
    const world = new MemoryWorld(new VirtualClock(START));
    world.addImage('web:1');
    world.networks.add('simulated');
    const fault: { error?: Error } = {};
    const engine = new MemoryEngine(world, {
      installation: 'simulated',
      secrets: async () => 'hunter2',
      faults: {
        before: ({ method }) => {
          if (method === 'logs' && fault.error) throw fault.error;
        },
      },
    });
    const spec = specOf('web:1', 'web', { index: 1, revision: 2 });
    const id = await engine.createContainer({ ...spec, env: [{ name: 'TOKEN', secret: { key: 'token' } }] });
    await engine.startContainer(id);
    const { operationId: _, ...instance } = spec.identity;
    const kept: Capsule[] = [];
    const record = async (containerId = id) =>
      await recordFailure(
        { kind: 'recordFailure', instance, containerId, failure },
        engine,
        async (capsule) => void kept.push(capsule),
      );
    return { world, fault, id, kept, record };
  };

  it('keeps the last 200 lines, without secrets, with all else that is known', async () => {
    const { world, id, kept, record } = await setUp();
    for (let line = 1; line <= 250; line += 1) world.print(id, 'stdout', `line ${line}`);
    world.print(id, 'stderr', 'token hunter2 was refused');
    world.crash(id, 3);
    await record();
    const [{ logs, ...rest } = { logs: '' }] = kept;
    const lines = logs.trimEnd().split('\n');
    expect([lines.length, lines[0], lines.at(-1)]).to.deep.equal([
      200,
      'line 52',
      'token [secret TOKEN] was refused',
    ]);
    expect(rest).to.deep.equal({
      ...failure,
      appName: 'web',
      appUid: 'uid-of-web',
      containerName: 'web-1-r2-1',
      containerId: id,
      replicaIndex: 1,
      revision: 2,
      logError: null,
    });
  });

  it('keeps the rest with the reason when there is no log to be had', async () => {
    const { fault, kept, record } = await setUp();
    await record('gone');
    fault.error = new EngineError('EngineRefused', 'the log driver keeps nothing');
    await record();
    expect(kept.map(({ reason, logs, logError }) => ({ reason, logs, logError }))).to.deep.equal([
      { reason: 'Crashed', logs: '', logError: 'there is no container gone' },
      { reason: 'Crashed', logs: '', logError: 'the log driver keeps nothing' },
    ]);
  });

  it('keeps the rest, and fails so that it is tried again, when the engine does not answer', async () => {
    const { fault, kept, record } = await setUp();
    fault.error = new EngineError('EngineUnavailable', 'no answer');
    const error = await record().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(AutoServeError).and.include({ code: 'LogUnavailable' });
    expect(kept.map(({ logError }) => logError)).to.deep.equal(['no answer']);
  });
});

describe('the end of a log', () => {
  it('is all of one that is small', () => {
    for (const text of ['', '\n', 'one\n', 'one\n\n  two\n']) expect(endOfLog(text)).to.equal(text);
    expect(endOfLog('no end')).to.equal('no end\n');
  });

  it('is the last lines of one that is large, and never more than 64 KiB', () => {
    for (const letter of ['x', 'ß', '🙂']) {
      const kept = endOfLog(`${letter.repeat(1_000)}\n`.repeat(200));
      expect(Buffer.byteLength(kept)).to.be.at.most(64 * 1024);
      expect(Buffer.byteLength(kept)).to.be.at.least(60 * 1024);
    }
    const numbered = Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join('');
    expect(numbered.endsWith(endOfLog(numbered))).to.equal(true);
  });

  it('has no line that leaves no room for others', () => {
    const lines = endOfLog(`before\n${'x'.repeat(1_000_000)}\nafter\n`).split('\n');
    expect(lines).to.have.length(4);
    expect(lines[1]).to.match(/^x{4096}…$/);
  });
});
