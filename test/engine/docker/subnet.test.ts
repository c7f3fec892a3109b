import { expect } from 'chai';
import { freeAddress, lowerHalf } from '../../../src/engine/docker/subnet.ts';

describe('subnet', () => {
  it('has a lower half', () => {
    expect(lowerHalf('172.18.0.0/16')).to.equal('172.18.0.0/17');
    expect(lowerHalf('192.168.64.0/20')).to.equal('192.168.64.0/21');
  });

  it('has its free addresses in the upper half, the lowest first', () => {
    expect(freeAddress('172.18.0.0/16', new Set())).to.equal('172.18.128.0');
    expect(freeAddress('192.168.64.0/20', new Set(['192.168.72.0', '192.168.72.2']))).to.equal(
      '192.168.72.1',
    );
  });

  it('counts on beyond a byte', () => {
    const taken = new Set(Array.from({ length: 256 }, (_, last) => `172.18.128.${last}`));
    expect(freeAddress('172.18.0.0/16', taken)).to.equal('172.18.129.0');
  });

  it('never gives out the broadcast address', () => {
    expect(freeAddress('10.0.0.0/30', new Set())).to.equal('10.0.0.2');
    expect(freeAddress('10.0.0.0/30', new Set(['10.0.0.2']))).to.be.undefined;
  });
});
