import { expect } from 'chai';
import { foldEvents } from '../../src/cli/fold-events.ts';

const event = (second: number, message: string, reason = 'InstanceReplaced') => ({
  severity: 'warning',
  reason,
  message,
  timestamp: new Date(Date.UTC(2026, 10, 23, 12, 0, second)).toISOString(),
});

describe('folding events', () => {
  it('makes one of repeats that differ in the attempt alone, the latest last', () => {
    const folded = foldEvents([
      event(0, 'web-0-r1-2 started: web-0-r1-1 exited 1'),
      event(5, 'app "web" changed', 'ApplicationChanged'),
      event(19, 'web-0-r1-3 started: web-0-r1-2 exited 1'),
    ]);
    expect(folded.map(({ event: { message }, count, spanMs }) => [message, count, spanMs])).to.deep.equal([
      ['app "web" changed', 1, 0],
      ['web-0-r1-3 started: web-0-r1-2 exited 1', 2, 19_000],
    ]);
  });

  it('keeps events of another reason, severity or replica apart', () => {
    const events = [event(0, 'x'), event(1, 'x', 'Other'), { ...event(2, 'x'), severity: 'error' }];
    expect(foldEvents(events)).to.have.length(3);
    expect(foldEvents([event(0, 'web-0-r1-1 started'), event(0, 'web-1-r1-1 started')])).to.have.length(2);
  });
});
