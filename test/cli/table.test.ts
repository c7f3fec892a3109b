import { expect } from 'chai';
import { alignColumns, oneLine } from '../../src/cli/table.ts';

describe('tables', () => {
  it('align their columns and leave no blanks at the end', () => {
    expect(
      alignColumns([
        ['NAME', 'AGE'],
        ['hello', '3s'],
        ['a', ''],
      ]),
    ).to.deep.equal(['NAME   AGE', 'hello  3s', 'a']);
  });

  it('show the text of others on one line and without power over the terminal', () => {
    expect(oneLine('exited:\n\tboom\u001b[2J ')).to.equal('exited: boom\u{fffd}[2J');
  });
});
