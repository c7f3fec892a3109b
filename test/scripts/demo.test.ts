import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import Docker from 'dockerode';
import { eventually } from '../eventually.ts';
import { ask } from '../../scripts/load.ts';
import { INSTALLATION_LABEL } from '../../src/engine/labels.ts';
import { packageRoot } from '../../src/package-root.ts';

const USUAL_PORT = 8080;
/** Where a manifest names an app: itself, or the one that it connects to. */
const APPS = /(?<=metadata: \{ name: |connect\(13, ')\w+/g;

/** With an installation and names of its own, for a demo may be running on this Docker. */
describe('npm run demo', () => {
  const docker = new Docker();
  const suffix = randomBytes(4).toString('hex');
  const installation = `demo-${suffix}`;
  let manifests: string;
  let other: Server | undefined;
  let firstOutput: string;

  before(async () => {
    manifests = await mkdtemp(join(tmpdir(), 'demo-test-'));
    await chmod(manifests, 0o711);
    await cp(join(packageRoot, 'manifests'), manifests, { recursive: true });
    for (const file of await readdir(manifests)) {
      const path = join(manifests, file);
      const text = (await readFile(path, 'utf8')).replaceAll(APPS, `$&-${suffix}`);
      // By requests alone: on a busy machine a single one may take long.
      await writeFile(path, text.replace('weights: { memory: 0 }', 'weights: { memory: 0, latency: 0 }'));
    }
    other = await occupied(USUAL_PORT);
  });

  after(async () => {
    other?.close();
    await run('demo-clean.ts', '--keep-images');
    await rm(manifests, { recursive: true });
  });

  async function run(script: string, ...args: string[]): Promise<{ code: number; output: string }> {
    return await new Promise((resolve) => {
      const env = { ...process.env, DEMO_INSTALLATION: installation, DEMO_MANIFESTS: manifests };
      const command = ['--import', 'tsx', join(packageRoot, 'scripts', script), ...args];
      const child = execFile(process.execPath, command, { env, cwd: packageRoot }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
      );
    });
  }

  async function containers(): Promise<Docker.ContainerInfo[]> {
    const filters = { label: [`${INSTALLATION_LABEL}=${installation}`] };
    return await docker.listContainers({ all: true, filters });
  }

  async function processes(): Promise<string[]> {
    const found = await Promise.all((await containers()).map(({ Id }) => docker.getContainer(Id).inspect()));
    return found.map(({ Id, State }) => `${Id} ${State.StartedAt}`).toSorted();
  }

  it('runs all apps, and says where they answer: at another port when the usual one is taken', async function () {
    this.timeout(180_000);
    const { code, output } = await run('demo.ts');
    expect(code, output).to.equal(0);
    firstOutput = output;
    for (const app of ['hello', 'shop', 'visits']) {
      const [, host = '', port] =
        new RegExp(`http://(${app}-${suffix}\\.localhost):(\\d+)/`).exec(output) ?? [];
      expect(Number(port), output).not.to.equal(USUAL_PORT);
      expect(await ask({ host, port: Number(port) })).to.be.null;
    }
    const [metrics = ''] = /http:\S+\/metrics/.exec(output) ?? [];
    await eventually(async () =>
      expect(await (await fetch(metrics)).text()).to.include(`app="shop-${suffix}"`),
    );
  });

  it('changes nothing when it is run again', async function () {
    this.timeout(120_000);
    const before = await processes();
    const { code, output } = await run('demo.ts');
    expect(code, output).to.equal(0);
    expect(await processes()).to.deep.equal(before);
    const ending = (text: string): string => text.slice(text.indexOf('Where the apps are'));
    expect(ending(output)).to.equal(ending(firstOutput));
  });

  it('shows with --load how an app scales out and in, and why', async function () {
    this.timeout(180_000);
    const { code, output } = await run('demo.ts', '--load');
    expect(code, output).to.equal(0);
    expect(output, output).to.match(/after \d+ s {2}1 to \d instances: .+ is [\d.]+ % of its target/);
    expect(output, output).to.match(/requests were served, 0 were not/);
    expect(output, output).to.match(/\d to 1 instances: every metric is at 30 % of its target or less/);
    expect(output, output).to.match(/went from 1 to \d instances and back/);
  });

  it('is gone after npm run demo:clean, the ingress too', async function () {
    this.timeout(120_000);
    const { code, output } = await run('demo-clean.ts', '--keep-images');
    expect(code, output).to.equal(0);
    expect(await containers()).to.deep.equal([]);
    const [, directory = ''] = /AUTOSERVE_DATA_DIR=(\S+)/.exec(firstOutput) ?? [];
    expect(existsSync(directory)).to.be.false;
  });
});

/** A server that has the port; undefined when another one has it already. */
async function occupied(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return server;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
