import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { AutoServeError } from '../../src/error.ts';
import { readSecret, secretDigests } from '../../src/manifest/secrets.ts';
import { appOf } from './app.ts';

describe('secrets', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'autoserve-secrets-'));
    mkdirSync(join(dir, 'db'));
    writeFileSync(join(dir, 'db', 'password'), 'hunter2\n');
    writeFileSync(join(dir, 'token'), 'two\nlines\n\n');
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  function failure(read: () => unknown): AutoServeError {
    try {
      read();
    } catch (error) {
      if (error instanceof AutoServeError) return error;
      throw error;
    }
    throw new Error('nothing was thrown');
  }

  it('are read from one file a field, or one file a key, less one newline at the end', () => {
    expect(readSecret(dir, 'db', 'password')).to.equal('hunter2');
    expect(readSecret(dir, 'token')).to.equal('two\nlines\n');
  });

  it('are read through the links of a Kubernetes mount', () => {
    mkdirSync(join(dir, '..data'));
    writeFileSync(join(dir, '..data', 'api'), 'linked');
    symlinkSync(join('..data', 'api'), join(dir, 'api'));
    expect(readSecret(dir, 'api')).to.equal('linked');
  });

  it('that are missing are named with their path and the remedy', () => {
    for (const field of ['user', undefined]) {
      const error = failure(() => readSecret(dir, 'db', field));
      expect(error.code).to.equal('SecretMissing');
      expect(error.message).to.include(join(dir, 'db', field ?? ''));
      expect(error.remedy).to.include(dir);
    }
  });

  it('cannot be read from outside the directory', () => {
    for (const key of ['..', '../etc', '/etc/passwd', '.hidden', 'a/b', '']) {
      expect(failure(() => readSecret(dir, key)).code).to.equal('SecretMissing');
      expect(failure(() => readSecret(dir, 'db', key)).code).to.equal('SecretMissing');
    }
  });

  it('have digests by key and field: keyed, changed by rotation, null while missing', () => {
    const app = appOf({
      image: 'a',
      env: [
        { name: 'A', value: 'x' },
        { name: 'B', source: 'secret', key: 'db', field: 'password' },
        { name: 'C', source: 'secret', key: 'token' },
        { name: 'D', valueFrom: 'secret', key: 'nowhere', field: 'x' },
      ],
    });
    const before = secretDigests(app, dir, 'key');
    expect(Object.keys(before)).to.deep.equal(['db/password', 'token', 'nowhere/x']);
    expect(before['db/password']).to.match(/^[0-9a-f]{64}$/);
    expect(before['nowhere/x']).to.equal(null);
    expect(secretDigests(app, dir, 'key')).to.deep.equal(before);
    expect(secretDigests(app, dir, 'other key')['token']).not.to.equal(before['token']);

    writeFileSync(join(dir, 'db', 'password'), 'rotated');
    const after = secretDigests(app, dir, 'key');
    expect(after['db/password']).not.to.equal(before['db/password']);
    expect(after['token']).to.equal(before['token']);
  });
});
