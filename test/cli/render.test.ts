import { expect } from 'chai';
import { renderRows, RowStream } from '../../src/cli/render.ts';
import type { Resource } from '../../src/cli/resource.ts';

interface Row {
  name: string;
  status: string;
}

const resource: Resource<Row> = {
  kind: 'app',
  words: ['apps'],
  byApp: true,
  nameOf: ({ name }) => name,
  list: () => Promise.resolve([]),
  columns: [
    { title: 'NAME', cell: ({ name }) => name },
    { title: 'PORT', wide: true, cell: () => 80 },
    { title: 'STATUS', cell: ({ status }) => status },
  ],
};
const now = new Date();

describe('rendering rows', () => {
  it('shows a dash for what was not observed, and more columns when wide', () => {
    const rows = [{ name: 'a', status: '' }];
    expect(renderRows(resource, rows, 'table', now)).to.equal('NAME  STATUS\na     -');
    expect(renderRows(resource, rows, 'wide', now)).to.equal('NAME  PORT  STATUS\na     80    -');
  });

  it('keeps a row on one line of the terminal', () => {
    const rows = [{ name: 'a', status: 'a long story' }];
    expect(renderRows(resource, rows, 'table', now, 12)).to.equal('NAME  STATUS\na     a lon…');
  });

  it('streams rows under one header, columns never narrower than before', () => {
    const stream = new RowStream(resource, 'table');
    const row = (name: string, deleted = false) => ({ row: { name, status: 'up' }, deleted });
    expect(stream.render([row('longer-name')], now)).to.equal('NAME         STATUS\nlonger-name  up');
    expect(stream.render([row('a', true)], now)).to.equal('a            deleted');
  });
});
