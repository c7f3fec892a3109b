import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import Docker from 'dockerode';
import { buildDemoImage } from '../../scripts/demo-image.ts';
import { exitCodeOf, outputOf } from './container.ts';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));
const docker = new Docker();

/** This machine's programs in a container of their own, where no daemon runs: what the script does stays in there. */
const MACHINE = ['/usr', '/etc', '/lib', '/lib64'].map((path) => `${path}:${path}:ro`);
const DOCKERD = installedDockerd();

/** Stands in for the daemon, for a real one needs more rights than a container gives it: same pid file, same socket. */
const DAEMON = `#!/node/node
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
process.title = 'dockerd';
const pidFile = '/var/run/docker.pid';
if (existsSync(pidFile) && existsSync('/proc/' + readFileSync(pidFile, 'utf8').trim())) {
  throw new Error('pid file found, ensure docker is not running');
}
writeFileSync(pidFile, String(process.pid));
require('node:http').createServer((request, response) => response.end('OK')).listen('/var/run/docker.sock');
`;

function installedDockerd(): string {
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/usr/bin',
    '/usr/local/bin',
  ];
  for (const folder of folders) {
    try {
      return realpathSync(join(folder, 'dockerd'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  throw new Error('no dockerd on this machine: run scripts/docker-engine.sh');
}

function run(args: string[], env: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } };
    const child = execFile(join(SCRIPTS, 'docker-engine.sh'), args, options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    );
  });
}

describe('scripts/docker-engine.sh', () => {
  let folder: string;
  let container: Docker.Container | undefined;

  before(() => buildDemoImage(docker, '1'));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'docker-engine-test-'));
  });

  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await container?.remove({ force: true, v: true });
    container = undefined;
  });

  /** A file of the test's folder, which is /stub in the container, first on its PATH. */
  function write(name: string, content: string): void {
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), 0o755);
  }

  async function onMachineWithoutDaemon(commands: string[], binds: string[] = []) {
    container = await docker.createContainer({
      name: `docker-engine-test-${randomUUID()}`,
      Image: 'autoserve/demo-web:1',
      Entrypoint: ['/usr/bin/bash', '-c', commands.join('\n')],
      Cmd: [],
      Env: ['PATH=/stub:/node:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin'],
      HostConfig: {
        NetworkMode: 'none',
        Binds: [
          ...MACHINE,
          `${dirname(process.execPath)}:/node:ro`,
          `${SCRIPTS}:/scripts:ro`,
          `${folder}:/stub`,
          ...binds,
        ],
        Tmpfs: { '/run': '', '/var/run': '', '/var/log': '', '/var/lib/docker': '' },
      },
    });
    await container.start();
    const code = await exitCodeOf(container);
    return { code, output: await outputOf(container) };
  }

  it('uses an engine that answers, and starts none', async () => {
    const { code, output } = await run(['--pid-file', join(folder, 'pid')], {});
    expect(code, output).to.equal(0);
    expect(output).to.match(/^Docker Engine: answers at \S+\n$/);
    expect(() => realpathSync(join(folder, 'pid'))).to.throw('ENOENT');
  });

  it('starts nothing in place of a DOCKER_HOST that does not answer', async () => {
    const { code, output } = await run([], { DOCKER_HOST: `unix://${folder}/none.sock` });
    expect(code).to.equal(1);
    expect(output).to.contain(`DOCKER_HOST=unix://${folder}/none.sock`).and.contain('unset DOCKER_HOST');
  });

  it('starts an installed engine that does not run, and says which process it is', async () => {
    write('dockerd', DAEMON);
    const { code, output } = await onMachineWithoutDaemon([
      '/scripts/docker-engine.sh --pid-file /run/started && /scripts/docker-engine.sh && cat /proc/$(cat /run/started)/comm',
    ]);
    expect(code, output).to.equal(0);
    expect(output).to.match(/^Docker Engine: started dockerd .*\nDocker Engine: answers at .*\ndockerd\n$/);
  });

  it('is not stopped by the pid files of dead daemons, whose numbers others have now', async () => {
    write('dockerd', DAEMON);
    const { code, output } = await onMachineWithoutDaemon([
      'mkdir -p /var/run/docker/containerd',
      'echo $$ | tee /var/run/docker.pid >/var/run/docker/containerd/containerd.pid',
      '/scripts/docker-engine.sh',
    ]);
    expect(code, output).to.equal(0);
    expect(output).to.match(/^Docker Engine: started dockerd/);
  });

  it('shows the end of the log of an engine that fails to start', async () => {
    write('dockerd', '#!/usr/bin/bash\necho no space left on device\nexit 1\n');
    const { code, output } = await onMachineWithoutDaemon(['/scripts/docker-engine.sh']);
    expect(code).to.equal(1);
    expect(output).to.contain('does not answer').and.contain('no space left on device');
  });

  it('says what it installs on Debian before it does, and starts it', async () => {
    write('os-release', 'ID=debian\n');
    write('package', DAEMON);
    write(
      'apt-get',
      '#!/usr/bin/bash\necho "apt-get $*"\nif [[ $1 == install ]]; then mv /stub/package /stub/dockerd; fi\n',
    );
    const { code, output } = await onMachineWithoutDaemon(
      ['/scripts/docker-engine.sh'],
      [`/dev/null:${DOCKERD}`, `${folder}/os-release:/etc/os-release:ro`],
    );
    expect(code, output).to.equal(0);
    expect(output.split('\n').slice(0, 3)).to.deep.equal([
      'apt-get update',
      'Docker Engine: not installed. Installing the packages docker.io iptables with apt-get.',
      'apt-get install -y --no-install-recommends docker.io iptables',
    ]);
    expect(output).to.contain('Docker Engine: started dockerd');
  });

  it('installs nothing on other systems, and says where to read how to', async () => {
    write('os-release', 'ID=fedora\n');
    write('apt-get', '#!/usr/bin/bash\necho apt-get was run\n');
    const { code, output } = await onMachineWithoutDaemon(
      ['/scripts/docker-engine.sh'],
      [`/dev/null:${DOCKERD}`, `${folder}/os-release:/etc/os-release:ro`],
    );
    expect(code).to.equal(1);
    expect(output).to.contain('https://docs.docker.com/engine/install/').and.not.contain('apt-get was run');
  });
});
