import { expect } from 'chai';
import { inFlight, parseStubStatus } from '../../src/ingress/stub-status.ts';

const PAGE = `Active connections: 291 
server accepts handled requests
 16630948 16630948 31070465 
Reading: 6 Writing: 179 Waiting: 106 
`;

describe('parseStubStatus', () => {
  it('reads what nginx shows', () => {
    expect(parseStubStatus(PAGE)).to.deep.equal({ active: 291, reading: 6, writing: 179, waiting: 106 });
  });

  it('refuses other pages', () => {
    for (const page of [
      '',
      '<html>404</html>',
      PAGE.replace('Active', 'active'),
      PAGE.split('Reading')[0] ?? '',
    ]) {
      expect(parseStubStatus(page)).to.equal(undefined);
    }
  });
});

describe('inFlight', () => {
  it('counts neither idle connections nor the question itself', () => {
    expect(inFlight({ active: 291, reading: 6, writing: 179, waiting: 106 })).to.equal(184);
    expect(inFlight({ active: 0, reading: 0, writing: 0, waiting: 0 })).to.equal(0);
  });
});
