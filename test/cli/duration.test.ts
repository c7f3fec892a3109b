import { expect } from 'chai';
import { formatDuration, parseDuration } from '../../src/cli/duration.ts';

describe('durations', () => {
  it('are shown in at most two units', () => {
    const seconds = {
      0: '0s',
      18: '18s',
      60: '1m',
      581: '9m41s',
      3599: '59m',
      11_100: '3h5m',
      36_000: '10h',
    };
    for (const [value, text] of Object.entries(seconds))
      expect(formatDuration(Number(value) * 1000)).to.equal(text);
    expect(formatDuration(50 * 3600e3)).to.equal('2d2h');
    expect(formatDuration(30 * 86_400e3)).to.equal('30d');
    expect(formatDuration(-5)).to.equal('0s');
  });

  it('are read with units, or as seconds', () => {
    const texts = { '60s': 60e3, '2m': 120e3, '1h30m': 5400e3, '500ms': 500, '1.5': 1500, '0': 0 };
    for (const [text, ms] of Object.entries(texts)) expect(parseDuration(text)).to.equal(ms);
    for (const text of ['', 'soon', '5x', '-1', '5s later', 's'])
      expect(parseDuration(text)).to.equal(undefined);
  });
});
