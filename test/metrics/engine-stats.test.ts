import { expect } from 'chai';
import type { ContainerStats, HostStats } from '../../src/engine/usage.ts';
import { instanceUsage, systemUsage } from '../../src/metrics/engine-stats.ts';

const GIB = 2 ** 30;
const HOST: HostStats = { cpus: 4, memoryBytes: 8 * GIB, usage: null };

function stats(some: Partial<ContainerStats> = {}): ContainerStats {
  return { cpuNanos: 0, memoryBytes: GIB, memoryLimitBytes: null, nanoCpus: null, at: 0, ...some };
}

/** After five seconds in which it used so many seconds of CPU. */
function later(cpuSeconds: number, some: Partial<ContainerStats> = {}): ContainerStats {
  return stats({ cpuNanos: cpuSeconds * 1e9, at: 5_000, ...some });
}

describe('instanceUsage', () => {
  const cases: [what: string, after: ContainerStats, host: HostStats | null, cpu: number | null][] = [
    ['half of half a core', later(1.25, { nanoCpus: 500_000_000 }), HOST, 50],
    ['all of two cores', later(10, { nanoCpus: 2_000_000_000 }), HOST, 100],
    ['one core of the four of the host, without a limit', later(5), HOST, 25],
    ['nothing', later(0, { nanoCpus: 500_000_000 }), HOST, 0],
    ['an unknown part of an unknown host', later(5), null, null],
    ['what a limit allows, whatever the host', later(5, { nanoCpus: 1_000_000_000 }), null, 100],
    ['an unknown amount, when its counter began anew', later(-1), HOST, null],
  ];
  for (const [what, after, host, cpu] of cases) {
    it(`shows a container that uses ${what}`, () => {
      expect(instanceUsage(stats(), after, host).cpuPercent).to.equal(cpu);
    });
  }

  it('knows no CPU of a first reading, nor of two at once, but the memory', () => {
    for (const before of [undefined, later(1)]) {
      const usage = instanceUsage(before, later(1, { memoryLimitBytes: 2 * GIB }), HOST);
      expect(usage).to.deep.equal({ cpuPercent: null, cores: null, memoryPercent: 50, memoryBytes: GIB });
    }
  });

  it('shows memory of the limit, or of the host without one', () => {
    expect(instanceUsage(undefined, stats(), HOST).memoryPercent).to.equal(12.5);
    expect(instanceUsage(undefined, stats({ memoryLimitBytes: 4 * GIB }), HOST).memoryPercent).to.equal(25);
    expect(instanceUsage(undefined, stats(), null).memoryPercent).to.equal(null);
  });
});

describe('systemUsage', () => {
  const usage = { cpuNanos: 0, memoryBytes: 2 * GIB, diskBytes: 100, at: 0 };
  const containers = [later(2), later(3)].map((after) => instanceUsage(stats(), after, HOST));

  it('shows the whole host where it can be looked into', () => {
    const after = { ...HOST, usage: { ...usage, cpuNanos: 10e9, at: 5_000 } };
    expect(systemUsage({ ...HOST, usage }, after, containers, 7)).to.deep.equal({
      scope: 'host',
      cpuPercent: 50,
      memoryPercent: 25,
      memoryBytes: 2 * GIB,
      diskBytes: 100,
    });
    expect(systemUsage(null, after, containers, 7).cpuPercent).to.equal(null);
  });

  it('shows what the containers use of it where it cannot', () => {
    expect(systemUsage(HOST, HOST, containers, 7)).to.deep.equal({
      scope: 'containers',
      cpuPercent: 25,
      memoryPercent: 25,
      memoryBytes: 2 * GIB,
      diskBytes: 7,
    });
  });

  it('shows zero where there are no containers, and nothing where nobody could look', () => {
    expect(systemUsage(HOST, HOST, [], 0)).to.include({ cpuPercent: 0, memoryBytes: 0, diskBytes: 0 });
    expect(systemUsage(HOST, HOST, null, null)).to.include({ cpuPercent: null, memoryBytes: null });
    expect(systemUsage(null, null, containers, 7)).to.include({ cpuPercent: null, memoryPercent: null });
    const fresh = [instanceUsage(undefined, later(1), HOST)];
    expect(systemUsage(HOST, HOST, fresh, 0)).to.include({ cpuPercent: null, memoryBytes: GIB });
  });
});
