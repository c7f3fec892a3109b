import { expect } from 'chai';
import {
  INSTALLATION_LABEL,
  instanceLabels,
  parseIdentity,
  secretLabels,
  secretsOf,
} from '../../src/engine/labels.ts';
import { specOf } from './contract/fixture.ts';

describe('labels', () => {
  const { identity } = specOf('any:1', 'web', { index: 2, revision: 10, attempt: 3, restarts: 4 });
  const labels = instanceLabels('home', identity);

  it('carry the installation and the whole identity', () => {
    expect(labels).to.deep.equal({
      'autoserve.io/installation': 'home',
      'autoserve.io/name': 'web-2-r10-3',
      'autoserve.io/app': 'web',
      'autoserve.io/uid': 'uid-of-web',
      'autoserve.io/index': '2',
      'autoserve.io/revision': '10',
      'autoserve.io/attempt': '3',
      'autoserve.io/restarts': '4',
      'autoserve.io/spec-hash': 'abc123',
      'autoserve.io/operation': '00000000-0000-4000-8000-000000000001',
    });
  });

  it('are read back as they were written, among labels of others', () => {
    expect(parseIdentity({ ...labels, 'com.example.team': 'shop' })).to.deep.equal(identity);
  });

  for (const label of Object.keys(labels).filter((name) => name !== INSTALLATION_LABEL)) {
    it(`give no identity without ${label}`, () => {
      const { [label]: _, ...others } = labels;
      expect(parseIdentity(others)).to.be.undefined;
      expect(parseIdentity({ ...labels, [label]: '' })).to.be.undefined;
    });
  }

  for (const value of ['-1', '1.5', '1e3', 'one', ' 1', '9'.repeat(20)]) {
    it(`give no identity with "${value}" for a number`, () => {
      expect(parseIdentity({ ...labels, 'autoserve.io/index': value })).to.be.undefined;
    });
  }

  it('name the variables that are secrets, so that the environment tells their values', () => {
    const named = secretLabels([
      { name: 'TOKEN', secret: { key: 'token' } },
      { name: 'MODE', value: 'fast' },
      { name: 'PASSWORD', secret: { key: 'db', field: 'password' } },
    ]);
    expect(named).to.deep.equal({ 'autoserve.io/secrets': 'TOKEN,PASSWORD' });
    const env = ['PATH=/bin', 'TOKEN=a=b', 'MODE=fast', 'PASSWORD=horse'];
    expect([...secretsOf({ ...labels, ...named }, env)]).to.deep.equal([
      ['TOKEN', 'a=b'],
      ['PASSWORD', 'horse'],
    ]);
    expect(secretLabels([{ name: 'MODE', value: 'fast' }])).to.deep.equal({});
    expect([...secretsOf(labels, env)]).to.deep.equal([]);
  });

  it('give no identity with attempt 0, for attempts count from 1', () => {
    expect(parseIdentity({ ...labels, 'autoserve.io/attempt': '0' })).to.be.undefined;
  });
});
