import { expect } from 'chai';
import { SeededDatabase } from './seeded-database.ts';

describe('autoserve db, on a database without a schema', () => {
  const installation = new SeededDatabase();

  before(() => installation.start());

  after(() => installation.stop());

  it('says how to make one, and makes it', async () => {
    const { code, stderr } = await installation.run('get', 'apps');
    expect(code).to.equal(1);
    expect(stderr).to.contain("has not AutoServe's present schema").and.to.contain('autoserve db migrate');

    expect((await installation.run('db', 'status')).stdout).to.match(/^pending {3}\d+/m);
    expect((await installation.run('db', 'migrate')).stdout).to.match(/^migrated:\n {2}\d+/);
    expect(JSON.parse((await installation.run('db', 'status', '-o', 'json')).stdout)).to.deep.include({
      pending: [],
    });
    expect((await installation.run('db', 'url')).stdout).to.equal(`${installation.url}\n`);
  });
});
