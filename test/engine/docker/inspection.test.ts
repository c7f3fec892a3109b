import { expect } from 'chai';
import { ended, type Inspection } from '../../../src/engine/docker/inspection.ts';
import { specOf } from '../contract/fixture.ts';

describe('ended', () => {
  const startedAt = new Date('2030-01-01T12:00:00Z');
  const later = new Date('2030-01-01T12:00:01Z');
  const running: Inspection = {
    signature: 'running e1',
    container: {
      id: 'c1',
      name: 'web-0-r1-1',
      identity: specOf('web:1', 'web').identity,
      state: 'running',
      imageId: 'sha256:1',
      ip: '172.18.0.2',
      createdAt: startedAt,
      startedAt,
      finishedAt: null,
      exitCode: null,
      oomKilled: false,
      endedBy: null,
      resources: { nanoCpus: 0, memoryBytes: 0 },
    },
  };

  it('is the same run with its end, under the signature that a listing still shows', () => {
    expect(ended(running, { at: later, exitCode: 137, oomKilled: true })).to.deep.equal({
      signature: 'running e1',
      container: {
        ...running.container,
        state: 'exited',
        ip: null,
        finishedAt: later,
        exitCode: 137,
        oomKilled: true,
      },
    });
  });

  it('is not known from the death of an earlier run, told of again', () => {
    expect(ended(running, { at: startedAt, exitCode: 1, oomKilled: false })).to.be.undefined;
  });

  it('is not known of a container that was seen to have ended before', () => {
    const over: Inspection = { ...running, container: { ...running.container, finishedAt: later } };
    expect(ended(over, { at: later, exitCode: 1, oomKilled: false })).to.be.undefined;
  });
});
