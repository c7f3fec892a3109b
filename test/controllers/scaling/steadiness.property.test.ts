import { expect } from 'chai';
import fc from 'fast-check';
import { loads, NOTHING, policies, World } from './world.ts';

const RUNS = { numRuns: 1_000 };
/** Evaluations in which the slowest of these policies goes through all of its counts, and then some. */
const SETTLING = 250;
const AFTERWARDS = 50;

const starts = fc.integer({ min: 0, max: 12 });
const startSeconds = fc.integer({ min: 0, max: 40 });

describe('the count under a load', function () {
  this.timeout(180_000);

  it('comes to rest and stays while the load is constant, whatever the policy', () => {
    fc.assert(
      fc.property(policies, loads, starts, startSeconds, (policy, load, replicas, starting) => {
        const world = new World(policy, replicas, starting);
        world.run(load, SETTLING);
        const changes = world.decisions.length;
        world.run(load, AFTERWARDS);
        expect(world.decisions.length).to.equal(changes);
      }),
      RUNS,
    );
  });

  it('comes to rest where latency alone decides, which falls ever so steeply with the count', () => {
    const judgedByLatency = policies.map((policy) => ({
      ...policy,
      maxP95LatencyMs: 100,
      targetRPSPerReplica: 1,
      weights: { rps: 0, cpu: 0, memory: 0, connection: 0, latency: 1 },
    }));
    const steep = fc
      .record({ full: fc.double({ min: 1, max: 11, noNaN: true }), power: fc.integer({ min: 1, max: 9 }) })
      .map(({ full, power }) => ({
        ...NOTHING,
        rps: 10 * full,
        latency: { idle: 0, perRequest: 100, power },
      }));
    fc.assert(
      fc.property(judgedByLatency, steep, starts, startSeconds, (policy, load, replicas, starting) => {
        const world = new World(policy, replicas, starting);
        world.run(load, SETTLING);
        const changes = world.decisions.length;
        world.run(load, AFTERWARDS);
        expect(world.decisions.length).to.equal(changes);
      }),
      RUNS,
    );
  });

  it('never grows after it fell although every measurement is up to 4 % off, unless an unknown latency shows', () => {
    const noises = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), {
      minLength: 7,
      maxLength: 50,
    });
    const steady = policies.map((policy) => ({
      ...policy,
      minReplicas: Math.max(1, policy.minReplicas),
      weights: { ...policy.weights, latency: 0 },
    }));
    fc.assert(
      fc.property(steady, loads, starts, noises, (policy, load, replicas, noise) => {
        const world = new World(policy, Math.max(policy.minReplicas, replicas));
        world.run(load, SETTLING, (pass) => noise[pass % noise.length] ?? 1);
        const directions = world.decisions
          .filter(({ decision }) => decision.reason !== 'AboveMaxReplicas')
          .map(({ decision }) => decision.direction);
        expect(directions.join(' ')).to.match(/^(out ?)*(in ?)*$/);
      }),
      RUNS,
    );
  });

  it('falls to the minimum without load, to none if that is allowed, and wakes with the first requests', () => {
    const judged = policies
      .filter(({ weights }) => Object.values(weights).some((weight) => weight > 0))
      .map((policy) => ({ ...policy, windowSeconds: 15 }));
    const active = loads.map((load) => ({ ...load, rps: load.rps + 1 }));
    fc.assert(
      fc.property(judged, active, starts, (policy, load, replicas) => {
        const world = new World(policy, replicas);
        world.run(NOTHING, SETTLING);
        expect(world.desired).to.equal(policy.minReplicas);
        world.run(load, 1);
        expect(world.desired).to.be.at.least(1);
        world.run(NOTHING, SETTLING);
        expect(world.desired).to.equal(policy.minReplicas);
      }),
      RUNS,
    );
  });
});
