import pino from 'pino';
import type { Config } from '../config.ts';
import { DockerEngine } from '../engine/docker/docker-engine.ts';
import { chooseDockerHost } from '../engine/docker/docker-host.ts';
import type { Installation } from '../store/installation.ts';

/** The engine of an installation, to look at what AutoServe made there. */
export function openEngine(config: Config, installation: Installation): DockerEngine {
  chooseDockerHost(config.dockerHost);
  return new DockerEngine({
    installation: config.installation ?? installation.id,
    secrets: () => Promise.reject(new Error('a command reads no secrets')),
    policy: { hostPaths: [] },
    log: pino({ level: 'silent' }),
  });
}
