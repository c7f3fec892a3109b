import { expect } from 'chai';
import { ConnectionHistory } from '../../src/metrics/connections.ts';

describe('the connections of a moment', () => {
  const at = (ms: number): Date => new Date(Date.UTC(2030, 0, 1) + ms);
  const one = new Map([['10.0.0.2:80', 1]]);
  const two = new Map([['10.0.0.2:80', 2]]);

  it('are the last ones of which the log has told what had ended', () => {
    const history = new ConnectionHistory();
    history.add(one, at(0));
    expect(history.at(at(100))).to.equal(one);
    history.add(two, at(5_000));
    expect(history.at(at(7_999))).to.equal(one);
    expect(history.at(at(8_000))).to.equal(two);
  });

  it('are unread before they are read, and lost when they cannot be any more', () => {
    const history = new ConnectionHistory();
    expect(history.at(at(0))).to.equal('unread');
    history.lose();
    expect(history.at(at(1))).to.equal('unread');
    history.add(one, at(2));
    history.lose();
    expect(history.at(at(3))).to.equal('lost');
    history.add(two, at(4));
    expect(history.at(at(5))).to.equal(two);
  });
});
