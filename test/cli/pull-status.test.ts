import { expect } from 'chai';
import { LiveLines } from '../../src/cli/live-lines.ts';
import { PullStatus } from '../../src/cli/pull-status.ts';
import type { EventRow } from '../../src/store/read.ts';
import { noticeOf, textOfNotice } from '../../src/store/pull-notice.ts';

const NOW = new Date('2026-01-01T00:00:00Z');
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
const notice = { appName: 'web', image: 'web:2', percent: 42 };

describe('how far a pull is', () => {
  const eventOf = (reason: string, severity: EventRow['severity']) => ({ reason, severity }) as EventRow;

  it('is what was heard last', () => {
    const pull = new PullStatus();
    expect(pull.at(NOW)).to.equal(undefined);
    pull.hear({ ...notice, percent: null }, NOW);
    expect(pull.at(NOW)).to.deep.equal({ text: 'pulling image web:2', detail: '' });
    pull.hear(notice, later(1));
    expect(pull.at(later(2))).to.deep.equal({ text: 'pulling image web:2', detail: ', 42 %' });
  });

  it('is no longer known when the pull has ended, failed, or is not heard of', () => {
    const pull = new PullStatus();
    for (const end of [eventOf('ImagePulled', 'info'), eventOf('ImagePullFailed', 'error')]) {
      pull.hear(notice, NOW);
      pull.end([eventOf('InstanceStarted', 'info')]);
      expect(pull.at(NOW)?.detail).to.equal(', 42 %');
      pull.end([end]);
      expect(pull.at(NOW)).to.equal(undefined);
    }
    pull.hear(notice, NOW);
    expect(pull.at(later(11))).to.equal(undefined);
  });

  it('is a notification beside those of rows', () => {
    expect(noticeOf(textOfNotice(notice))).to.deep.equal(notice);
    for (const other of [
      '',
      'null',
      '7',
      '{"table": "applications", "operation": "update", "app_name": "web"}',
    ])
      expect(noticeOf(other)).to.equal(undefined);
  });
});

describe('LiveLines', () => {
  const written = (isTTY: boolean): { live: LiveLines; text: () => string } => {
    let text = '';
    const stream = { isTTY, columns: 80, rows: 24, write: (chunk: string) => (text += chunk) };
    return { live: new LiveLines(stream as unknown as NodeJS.WriteStream), text: () => text };
  };

  it('says what changes often on a terminal alone', () => {
    for (const isTTY of [true, false]) {
      const { live, text } = written(isTTY);
      for (const detail of ['', ', 7 %', ', 42 %']) live.update([], 'pulling', detail);
      expect(text().match(/pulling/g)).to.have.length(isTTY ? 3 : 1);
      expect(text().includes('42 %')).to.equal(isTTY);
    }
  });
});
