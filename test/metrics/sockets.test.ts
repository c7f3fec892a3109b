import { expect } from 'chai';
import { parseSockets } from '../../src/metrics/sockets.ts';

const SERVED = new Set([8080, 8081]);

describe('parseSockets', () => {
  const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 030011AC:1F90 010011AC:C350 01 00000000:00000000 00:00000000 00000000 65534        0 2 1 0 20 4 30 10 -1
   2: 030011AC:A1B2 040011AC:0BB8 01 00000000:00000000 02:00000300 00000000 65534        0 3 1 0 20 4 30 10 -1
   3: 030011AC:A1B3 040011AC:0BB8 01 00000000:00000000 02:00000300 00000000 65534        0 4 1 0 20 4 30 10 -1
   4: 030011AC:A1B4 050011AC:0050 01 00000000:00000000 02:00000300 00000000 65534        0 5 1 0 20 4 30 10 -1
   5: 030011AC:A1B5 050011AC:0050 06 00000000:00000000 03:00000300 00000000     0        0 0 3 0
   6: 030011AC:A1B6 050011AC:0050 02 00000000:00000000 01:00000300 00000000 65534        0 6 1 0 20 4 30 10 -1
`;

  it('counts established connections by their other end, but for those of clients', () => {
    expect([...parseSockets(TCP.split('\n'), SERVED)]).to.deep.equal([
      ['172.17.0.4:3000', 2],
      ['172.17.0.5:80', 1],
    ]);
  });

  it('writes addresses of IPv6 as nginx does', () => {
    const line = `   0: B80D0120000000000000000001000000:A1B2 B80D0120000000000000000002000000:0050 01 0:0 0:0 0 0 0 7`;
    expect([...parseSockets([line], SERVED)]).to.deep.equal([['[2001:db8::2]:80', 1]]);
  });

  it('finds nothing in what is no such table', () => {
    for (const text of ['', 'awk: not found', 'x y z 01', ': a:1F91 zz:0050 01'])
      expect([...parseSockets([text], SERVED)]).to.deep.equal([]);
  });
});
