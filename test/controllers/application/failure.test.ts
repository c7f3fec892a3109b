import { expect } from 'chai';
import { failureOf } from '../../../src/controllers/application/failure.ts';
import { joinInstances, type Attendance } from '../../../src/controllers/application/instance.ts';
import type { Failure } from '../../../src/store/failure.ts';
import type { HealthWord } from '../../../src/store/store.ts';
import { ago, container, desired, NOW, record, type Sketch } from './fixtures.ts';

const probe = (message: string) => ({ at: '', ok: false, code: null, latencyMs: 1, message });

/** The failure of an instance, as its container and its row (with this health) show it. */
function failure(
  sketch: Sketch,
  {
    attendance = {},
    health = 'unknown',
    policy = 'Always',
    condemned = null,
  }: {
    attendance?: Partial<Attendance>;
    health?: HealthWord;
    policy?: 'Always' | 'OnFailure' | 'Never';
    condemned?: number | null;
  } = {},
): Failure | null {
  const shown = container(sketch);
  const row = { ...record({ containerId: shown.id }), healthStatus: health, lastProbes: [probe('before')] };
  const attend = (): Attendance => ({
    health: null,
    drainingSince: null,
    refusal: null,
    limited: false,
    stopping: false,
    ...attendance,
  });
  const [instance] = joinInstances('uid-web', [row], [shown], attend);
  return instance ? failureOf(instance, desired({ condemned }, { restartPolicy: policy }), NOW) : null;
}

const ended: Sketch = { state: 'exited', started: ago(60), finished: ago(2), exitCode: 3, endedBy: 'itself' };

describe('the failure of an instance', () => {
  it('is how it ended, when, and with which last probes', () => {
    expect(failure(ended)).to.deep.equal({
      reason: 'Crashed',
      message: 'exited 3',
      failedAt: ago(2),
      startedAt: ago(60),
      exitCode: 3,
      oomKilled: false,
      probes: [probe('before')],
    });
  });

  it('has a reason for machines', () => {
    const reasons = {
      crashed: failure(ended),
      'out of memory': failure({ ...ended, exitCode: 137, oomKilled: true }),
      completed: failure({ ...ended, exitCode: 0 }),
      'never started': failure({ state: 'created' }, { attendance: { refusal: 'no such program' } }),
    };
    expect(Object.values(reasons).map((each) => each?.reason)).to.deep.equal([
      'Crashed',
      'OutOfMemory',
      'Completed',
      'NotStarted',
    ]);
    expect(reasons['never started']).to.include({
      message: 'does not start: no such program',
      exitCode: null,
    });
  });

  it('is, of one that runs unhealthy, since when and by which probes', () => {
    const health = { status: 'unhealthy', since: ago(4), probes: [probe('503')] } as const;
    expect(failure({}, { attendance: { health } })).to.deep.equal({
      reason: 'Unhealthy',
      message: 'failed its health check',
      failedAt: ago(4),
      startedAt: ago(60),
      exitCode: null,
      oomKilled: false,
      probes: [probe('503')],
    });
  });

  it('is still that it was unhealthy when it was stopped for that, and its removal did not come', () => {
    const stopped = { attendance: { stopping: true }, health: 'unhealthy' } as const;
    expect(failure(ended, stopped)).to.deep.include({
      reason: 'Unhealthy',
      message: 'failed its health check and was stopped by AutoServe',
    });
  });

  it('is that it was not ready when its revision was given up', () => {
    const health = { status: 'starting', since: ago(60), probes: [probe('connection refused')] } as const;
    const starting = { attendance: { health, drainingSince: ago(1) } };
    expect(failure({}, { ...starting, condemned: 2 })).to.deep.equal({
      reason: 'NotReady',
      message: 'did not become healthy in time',
      failedAt: NOW,
      startedAt: ago(60),
      exitCode: null,
      oomKilled: false,
      probes: [probe('connection refused')],
    });
    expect(failure({}, { ...starting, condemned: 3 })).to.equal(null);
    const ready = { attendance: { health: { ...health, status: 'healthy' as const } }, condemned: 2 };
    expect(failure({}, ready)).to.equal(null);
    expect(failure({}, { condemned: 2 })).to.equal(null);
  });

  it('is none where the restart policy is content with the end', () => {
    for (const policy of ['OnFailure', 'Never'] as const) {
      expect(failure({ ...ended, exitCode: 0 }, { policy })).to.equal(null);
      expect(failure(ended, { policy })?.reason).to.equal('Crashed');
    }
  });

  it('is none where it runs, or where somebody did something to it', () => {
    for (const sketch of [
      {},
      { state: 'created' as const },
      { state: 'paused' as const },
      { renamed: 'mine' },
      { ...ended, endedBy: 'stop' as const },
      { ...ended, endedBy: 'kill' as const },
    ])
      expect(failure(sketch), JSON.stringify(sketch)).to.equal(null);
    expect(failure(ended, { attendance: { stopping: true } })).to.equal(null);
  });
});
