import { expect } from 'chai';
import fc from 'fast-check';
import { cpuToNano, memoryToBytes } from '../../src/manifest/quantity.ts';

describe('quantities', () => {
  for (const [value, nano] of [
    [0.5, 5e8],
    ['0.5', 5e8],
    ['500m', 5e8],
    [2, 2e9],
    ['0.1', 1e8],
    [0.001, 1e6],
  ] as const) {
    it(`read cpu ${JSON.stringify(value)}`, () => expect(cpuToNano(value)).to.equal(nano));
  }

  for (const [value, bytes] of [
    [512, 512],
    ['512', 512],
    ['1k', 1000],
    ['1Ki', 1024],
    ['512M', 512e6],
    ['256Mi', 256 * 2 ** 20],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['2G', 2e9],
    ['1T', 1e12],
    ['1Ti', 2 ** 40],
  ] as const) {
    it(`read memory ${JSON.stringify(value)}`, () => expect(memoryToBytes(value)).to.equal(bytes));
  }

  for (const value of ['', 'm', '1.', '.5', '-1', '1e3', '1 Mi', '1mb', '1K', -1, Number.NaN, Infinity]) {
    it(`refuse ${JSON.stringify(value)} (${value})`, () => {
      expect(() => cpuToNano(value)).to.throw(RangeError);
      expect(() => memoryToBytes(value)).to.throw(RangeError);
    });
  }

  it('are the same as a number and as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), (milli) => {
        expect(cpuToNano(`${milli}m`)).to.equal(cpuToNano(milli / 1000));
        expect(memoryToBytes(`${milli}Ki`)).to.equal(memoryToBytes(milli * 1024));
      }),
    );
  });
});
