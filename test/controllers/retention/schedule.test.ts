import { expect } from 'chai';
import { pauseAfter } from '../../../src/controllers/retention/schedule.ts';

describe('the retention schedule', () => {
  const hour = 3_600_000;
  const cleaned = (...counts: number[]) =>
    counts.map((count, index) => ({ table_name: `table ${index}`, deleted_count: count }));

  it('waits its interval when all was removed', () => {
    expect(pauseAfter(cleaned(), hour)).to.equal(hour);
    expect(pauseAfter(cleaned(0, 4_999), hour)).to.equal(hour);
  });

  it('goes on soon when a table had more than a batch', () => {
    expect(pauseAfter(cleaned(0, 5_000), hour)).to.equal(1_000);
    expect(pauseAfter(cleaned(10_000_000, 0), hour)).to.equal(1_000);
  });

  it('tries again within a minute what failed', () => {
    expect(pauseAfter('failed', hour)).to.equal(60_000);
    expect(pauseAfter('failed', 30_000)).to.equal(30_000);
  });
});
