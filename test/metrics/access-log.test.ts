import { expect } from 'chai';
import fc from 'fast-check';
import { parseAccessLine } from '../../src/metrics/access-log.ts';
import { lineOf } from './lines.ts';

const fields = (...changed: [index: number, text: string][]): string => {
  const line = ['web', '10.0.0.2:80', '200', '200', '0.305', '0.304', '0.001'];
  for (const [index, text] of changed) line[index] = text;
  return line.join('\t');
};

describe('parseAccessLine', () => {
  it('reads a request that one instance answered', () => {
    expect(parseAccessLine(fields())).to.deep.equal({
      app: 'web',
      status: 200,
      upstream: [{ address: '10.0.0.2:80', status: 200, responseTime: 304 }],
      requestTime: 305,
      connectTime: 1,
    });
  });

  it('reads all attempts of a request that was tried again, and how long the last took to connect', () => {
    const line = fields(
      [1, '10.0.0.2:80, 10.0.0.3:80'],
      [2, '502, 200'],
      [5, '0.100, 0.200'],
      [6, '-, 0.002'],
    );
    expect(parseAccessLine(line)).to.deep.include({
      upstream: [
        { address: '10.0.0.2:80', status: 502, responseTime: 100 },
        { address: '10.0.0.3:80', status: 200, responseTime: 200 },
      ],
      connectTime: 2,
    });
  });

  it('reads attempts before and after an internal redirect', () => {
    const line = fields([1, '[fd00::2]:80 : 10.0.0.3:80'], [2, '404 : 200'], [5, '0.1 : 0.2'], [6, '- : -']);
    const exact = line.replace('0.1 : 0.2', '0.100 : 0.200');
    expect(parseAccessLine(line)).to.equal(undefined);
    expect(parseAccessLine(exact)?.upstream.map(({ address }) => address)).to.deep.equal([
      '[fd00::2]:80',
      '10.0.0.3:80',
    ]);
  });

  it('reads a request that no instance was asked about', () => {
    for (const app of ['', '-']) {
      const line = fields([0, app], [1, '-'], [2, '-'], [3, '404'], [5, '-'], [6, '-']);
      expect(parseAccessLine(line)).to.deep.include({
        app: null,
        status: 404,
        upstream: [],
        connectTime: null,
      });
    }
  });

  it('reads an attempt that came to nothing', () => {
    const line = fields([1, 'autoserve_web'], [2, '-'], [3, '502'], [5, '-'], [6, '-']);
    expect(parseAccessLine(line)?.upstream).to.deep.equal([
      { address: 'autoserve_web', status: null, responseTime: null },
    ]);
  });

  const broken: [what: string, line: string][] = [
    ['an empty line', ''],
    ['half a line', fields().slice(0, 25)],
    ['a line with a field too many', `${fields()}\t1`],
    ['a line with an end', `${fields()}\n`],
    ['a duration in exponents', fields([4, '1e9.000'])],
    ['a duration without milliseconds', fields([4, '1795'])],
    ['a negative duration', fields([4, '-1.000'])],
    ['a duration of a hundred digits', fields([4, `${'9'.repeat(100)}.000`])],
    ['a status of two digits', fields([3, '20'])],
    ['a status in letters', fields([3, 'abc'])],
    ['an app in capitals', fields([0, 'WEB'])],
    ['an app with a quote', fields([0, 'we"b'])],
    ['an app that is too long', fields([0, 'a'.repeat(254)])],
    ['an address with a space at its end', fields([1, '10.0.0.2:80 '])],
    ['an address with a control character', fields([1, '10.0.0.2\u0001'])],
    ['more addresses than statuses', fields([1, 'a:1, b:1'])],
    ['more statuses than addresses', fields([2, '200, 200'])],
    ['another separator', fields([1, 'a:1 b:1'], [2, '200 200'], [5, '0.001 0.001'], [6, '- -'])],
    ['a line of commas', fields([1, ','.repeat(500)], [2, ','.repeat(500)])],
    ['a line that is too long', fields([1, 'a'.repeat(3_000)])],
  ];
  for (const [what, line] of broken) {
    it(`refuses ${what}`, () => expect(parseAccessLine(line)).to.equal(undefined));
  }

  const attempt = fc.record({
    address: fc.ipV4().map((ip) => `${ip}:8080`),
    status: fc.option(fc.integer({ min: 0, max: 599 })),
    responseTime: fc.option(fc.nat(3_600_000)),
  });
  const entry = fc.record({
    app: fc.option(fc.stringMatching(/^[a-z0-9][a-z0-9.-]{1,60}$/)),
    status: fc.integer({ min: 0, max: 999 }),
    upstream: fc.array(attempt, { maxLength: 5 }),
    requestTime: fc.nat(3_600_000),
  });

  it('reads back whatever nginx can write', () => {
    fc.assert(
      fc.property(entry, fc.option(fc.nat(60_000)), (made, connected) => {
        const whole = { ...made, connectTime: made.upstream.length === 0 ? null : connected };
        expect(parseAccessLine(lineOf(whole))).to.deep.equal(whole);
      }),
    );
  });

  it('never throws', () => {
    const noise = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3_000 }),
      fc.string({ unit: fc.constantFrom('\t', ' ', ',', ':', '-', '.', '0', '1', 'a'), maxLength: 200 }),
      fc.array(fc.string(), { minLength: 7, maxLength: 7 }).map((texts) => texts.join('\t')),
    );
    fc.assert(
      fc.property(noise, (line) => {
        parseAccessLine(line);
      }),
      { numRuns: 2_000 },
    );
  });
});
