import { expect } from 'chai';
import { Endings } from '../../../src/engine/docker/endings.ts';
import type { ContainerEvent } from '../../../src/engine/docker/events.ts';
import type { ObservedContainer } from '../../../src/engine/engine.ts';
import { specOf } from '../contract/fixture.ts';

const START = Date.parse('2030-01-01T12:00:00Z');

function event(second: number, action: string, change: Partial<ContainerEvent> = {}): ContainerEvent {
  const at = new Date(START + second * 1000);
  return { id: 'c1', action, app: 'web', at, exitCode: 0, signal: NaN, live: true, ...change };
}

/** A run that began and ended in these seconds. */
function run(start: number, finish: number | null): ObservedContainer {
  return {
    id: 'c1',
    name: 'web-0-r1-1',
    identity: specOf('web:1', 'web').identity,
    state: finish === null ? 'running' : 'exited',
    imageId: 'sha256:1',
    ip: null,
    createdAt: new Date(START),
    startedAt: new Date(START + start * 1000),
    finishedAt: finish === null ? null : new Date(START + finish * 1000),
    exitCode: finish === null ? null : 1,
    oomKilled: false,
    endedBy: null,
    resources: null,
  };
}

describe('Endings', () => {
  let endings: Endings;

  beforeEach(() => {
    endings = new Endings();
  });

  function endAfter(events: ContainerEvent[], container: ObservedContainer) {
    for (const each of events) endings.note(each);
    return endings.of(container);
  }

  const stories: [string, ContainerEvent[], string | null][] = [
    ['a death without a signal before it is its own', [event(5, 'die')], 'itself'],
    ['SIGKILL kills', [event(5, 'kill', { signal: 9 }), event(6, 'die')], 'kill'],
    ['SIGTERM stops', [event(5, 'kill', { signal: 15 }), event(6, 'die')], 'stop'],
    [
      'SIGKILL after the grace of a stop is still a stop',
      [event(5, 'kill', { signal: 15 }), event(6, 'kill', { signal: 9 }), event(6, 'die')],
      'stop',
    ],
    ['SIGHUP ends nothing', [event(5, 'kill', { signal: 1 }), event(6, 'die')], 'itself'],
    [
      "a stop by the image's own signal is a stop",
      [event(5, 'kill', { signal: 28 }), event(6, 'die'), event(7, 'stop')],
      'stop',
    ],
    ['a death told of afterwards may have been anything', [event(5, 'die', { live: false })], null],
    [
      'a kill told of afterwards was one',
      [event(5, 'kill', { signal: 9, live: false }), event(5, 'die', { live: false })],
      'kill',
    ],
    [
      'a signal of an earlier run counts no more',
      [event(1, 'kill', { signal: 15 }), event(2, 'start'), event(6, 'die')],
      'itself',
    ],
    [
      'events told again change nothing',
      [event(5, 'kill', { signal: 9 }), event(6, 'die'), event(6, 'die'), event(6, 'die', { live: false })],
      'kill',
    ],
  ];
  for (const [story, events, expected] of stories) {
    it(`know that ${story}`, () => {
      expect(endAfter(events, run(2, 6))).to.equal(expected);
    });
  }

  it('know nothing of a run that goes on, nor from the death of an earlier one', () => {
    expect(endAfter([event(1, 'die')], run(2, null))).to.equal(null);
    expect(endings.of(run(2, 6))).to.equal(null);
  });

  it('forget containers that are gone', () => {
    endings.note(event(5, 'die'));
    endings.keep(new Set());
    expect(endings.of(run(2, 6))).to.equal(null);
  });
});
