import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { logCounter } from '../../src/ingress/access-log.ts';
import { eventually } from '../eventually.ts';

/** Those of this machine: `awk`, and what else there is. */
const AWKS = [['awk'], ['mawk'], ['gawk'], ['busybox', 'awk']].filter(
  ([program = '']) => program === 'awk' || isInstalled(program),
);

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('the counter of log lines', () => {
  let directory: string;
  let file: string;
  /** What whoever logs has not written to the file yet. */
  let held: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'autoserve-test-'));
    file = join(directory, 'access.log');
    held = join(directory, 'held');
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [program = '', ...applet] of AWKS) {
    it(`tells how often each line was there, empties the log and has the next lines written, in ${[program, ...applet].join(' ')}`, async () => {
      writeFileSync(file, 'from before\n');
      writeFileSync(held, 'before, too\n');
      const writes = join(directory, 'writes');
      const write = `cat ${held} >> ${file}; rm -f ${held}; echo >> ${writes}`;
      const args = [...applet, '-W', 'interactive', ...logCounter(file, write)];
      const counter = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      const lines = createInterface(counter.stdout)[Symbol.asyncIterator]();
      let asked = 0;
      const ask = async (): Promise<Map<string, number>> => {
        asked += 1;
        counter.stdin.write('\n');
        const counts = new Map<string, number>();
        for (;;) {
          const { value, done } = await lines.next();
          if (done) throw new Error('the counter has ended');
          if (value === '') break;
          const [times, ...line] = value.split('\t');
          counts.set(line.join('\t'), (counts.get(line.join('\t')) ?? 0) + Number(times));
        }
        // At first it waits itself until it is written.
        await eventually(() => expect(readFileSync(writes, 'utf8')).to.have.lengthOf(asked + 1));
        return counts;
      };
      expect([...(await ask())], 'what was logged before is nobody’s').to.deep.equal([]);
      expect(readFileSync(file, 'utf8')).to.equal('');
      appendFileSync(file, 'before, but late\n');
      writeFileSync(held, 'web\t200\nweb\t200\n100%s\\n\t-\nweb\t200\n');
      expect([...(await ask())], 'nor is what was held back then').to.deep.equal([]);
      writeFileSync(held, 'next\n');
      expect(Object.fromEntries(await ask())).to.deep.equal({ 'web\t200': 3, '100%s\\n\t-': 1 });
      expect(Object.fromEntries(await ask())).to.deep.equal({ next: 1 });
      expect([...(await ask())]).to.deep.equal([]);
      expect(readFileSync(file, 'utf8')).to.equal('');
      const many = Array.from({ length: 5_000 }, (_, index) => `${'x'.repeat(index % 300)}\t${index}`);
      appendFileSync(file, [...many, ...many, ''].join('\n'));
      const counts = await ask();
      expect(counts.size).to.equal(many.length);
      expect(many.every((line) => counts.get(line) === 2)).to.equal(true);
      counter.stdin.end();
      expect(await once(counter, 'exit')).to.deep.equal([0, null]);
    });

    it(`ends when what it asks for is not done, and says why, in ${[program, ...applet].join(' ')}`, async () => {
      writeFileSync(file, '');
      const args = [...applet, '-W', 'interactive', ...logCounter(file, 'no-such-program')];
      const counter = spawn(program, args, { stdio: 'pipe' });
      const said = text(counter.stderr);
      counter.stdin.write('\n');
      expect(await once(counter, 'exit')).to.deep.equal([127, null]);
      expect(await said).to.match(/no-such-program.*not found/);
    });
  }
});
