import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { logCounter } from '../../src/ingress/access-log.ts';

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

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'autoserve-test-'));
    file = join(directory, 'access.log');
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  for (const [program = '', ...applet] of AWKS) {
    it(`tells how often each line was there, and empties the log, in ${[program, ...applet].join(' ')}`, async () => {
      writeFileSync(file, 'from before\n');
      const args = [...applet, '-W', 'interactive', ...logCounter(file)];
      const counter = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
      const lines = createInterface(counter.stdout)[Symbol.asyncIterator]();
      const ask = async (): Promise<Map<string, number>> => {
        counter.stdin.write('\n');
        const counts = new Map<string, number>();
        for (;;) {
          const { value } = await lines.next();
          if (value === '') return counts;
          const [times, ...line] = String(value).split('\t');
          counts.set(line.join('\t'), (counts.get(line.join('\t')) ?? 0) + Number(times));
        }
      };
      expect([...(await ask())], 'what was logged before is nobody’s').to.deep.equal([]);
      appendFileSync(file, 'web\t200\nweb\t200\n100%s\\n\t-\nweb\t200\n');
      expect(Object.fromEntries(await ask())).to.deep.equal({ 'web\t200': 3, '100%s\\n\t-': 1 });
      expect(statSync(file).size).to.equal(0);
      expect([...(await ask())]).to.deep.equal([]);
      const many = Array.from({ length: 5_000 }, (_, index) => `${'x'.repeat(index % 300)}\t${index}`);
      appendFileSync(file, [...many, ...many, ''].join('\n'));
      const counts = await ask();
      expect(counts.size).to.equal(many.length);
      expect(many.every((line) => counts.get(line) === 2)).to.equal(true);
      counter.stdin.end();
      expect(await once(counter, 'exit')).to.deep.equal([0, null]);
    });
  }
});
