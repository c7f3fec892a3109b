import { expect } from 'chai';
import { manifestChanges, revisionChanges } from '../../src/manifest/diff.ts';
import { appOf } from './app.ts';

describe('what differs between two manifests', () => {
  const before = appOf(
    { image: 'shop:7', env: [{ name: 'MODE', value: 'slow' }] },
    { scaling: { replicas: 2, mode: 'manual' } },
  );

  it('is each field with what it was and is', () => {
    const after = appOf(
      { image: 'shop:8', env: [], command: ['run'], resources: { memory: '1Gi' } },
      { scaling: { replicas: 3, mode: 'manual' } },
    );
    expect(manifestChanges(before, after)).to.have.members([
      'image "shop:7" => "shop:8"',
      'env.MODE changed',
      'command changed',
      'memory none => 1Gi',
      'replicas 2 => 3',
    ]);
  });

  it('is, of lists of named things, which of them', () => {
    const env = [
      { name: 'TOKEN', source: 'secret', key: 'token' },
      { name: 'MODE', value: 'slow' },
    ];
    const after = { ...before, spec: appOf({ image: 'shop:7', env }).spec };
    expect(manifestChanges(before, after)).to.deep.equal(['env.TOKEN changed']);
    const turned = { ...after, spec: { ...after.spec, env: after.spec.env.toReversed() } };
    expect(manifestChanges(after, turned)).to.deep.equal([]);
  });

  it('is nothing of the same, which of two revisions means a secret', () => {
    expect(manifestChanges(before, structuredClone(before))).to.deep.equal([]);
    expect(revisionChanges(before, structuredClone(before))).to.deep.equal(['a secret has a new value']);
  });
});
