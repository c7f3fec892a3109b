import { expect } from 'chai';
import { failureLines, logLines } from '../../src/cli/describe-failure.ts';
import type { FailureRow } from '../../src/store/read.ts';

const now = new Date('2026-11-23T12:00:00Z');

const failure: FailureRow = {
  id: 1,
  app_name: 'web',
  app_uid: 'u',
  container_name: 'web-0-r8-3',
  container_id: 'c0ffee',
  replica_index: 0,
  revision: 8,
  started_at: '2026-11-23T11:58:18.000Z',
  failed_at: '2026-11-23T11:59:00.000Z',
  reason: 'OutOfMemory',
  message: 'was killed for lack of memory',
  exit_code: 137,
  oom_killed: true,
  logs: Array.from({ length: 12 }, (_, line) => `line ${line}\n`).join(''),
  log_error: null,
  probes: [],
  stable_revision: 7,
  changes: ['image "web:7" => "web:8"', 'env.MODE changed'],
};

describe('what is told of a failure', () => {
  it('is how it ended, what its revision changed, and the end of its log', () => {
    const lines = failureLines(failure, now);
    expect(lines.slice(0, 6)).to.deep.equal([
      'web-0-r8-3 was killed for lack of memory, 1m ago',
      'reason    OutOfMemory, exit code 137',
      'lived     42s',
      'revision  8, which changed from 7: image "web:7" => "web:8", env.MODE changed',
      '(2 lines more: autoserve logs app web --previous)',
      '| line 2',
    ]);
    expect(lines.at(-1)).to.equal('| line 11');
  });

  it('is the last probes of one that was unhealthy, and why there is no log', () => {
    const at = '2026-11-23T11:58:55.000Z';
    const message = '503, expected 200';
    const unhealthy = {
      ...failure,
      reason: 'Unhealthy',
      message: 'failed its health check',
      exit_code: null,
      oom_killed: false,
      stable_revision: null,
      changes: [],
      logs: '',
      log_error: 'the engine keeps none',
      probes: [200, 503, 503, 503].map((code) => ({ at, ok: code === 200, code, latencyMs: 12.3, message })),
    };
    expect(failureLines(unhealthy, now)).to.deep.equal([
      'web-0-r8-3 failed its health check, 1m ago',
      'reason    Unhealthy',
      'lived     42s',
      'revision  8',
      ...Array.from({ length: 3 }, () => 'probe     1m5s ago  failed  503  12ms  503, expected 200'),
      'no log    the engine keeps none',
    ]);
  });

  it('is nothing when nothing failed', () => expect(failureLines(undefined, now)).to.deep.equal([]));

  it('keeps what steers a terminal out of the log', () => {
    expect(logLines('\u{1b}[31mred\u{1b}[0m\r\nlast')).to.deep.equal(['red', 'last']);
    expect(logLines('')).to.deep.equal([]);
  });
});
