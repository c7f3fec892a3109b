/** The ports of this machine that the demo has. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { INSTALLATION_LABEL } from '../src/engine/labels.ts';
import { DATA_DIR, INSTALLATION, runningAutoServe, type DemoPorts } from './demo-installation.ts';

const FILE = join(DATA_DIR, 'ports.json');
const USUAL: DemoPorts = { ingress: 8080, listen: 7070 };
const TRIED = 20;

/** Those of the last start, as long as they can be had, or else the usual ones, or the next after them that are free. */
export async function demoPorts(docker: Docker): Promise<DemoPorts> {
  const last: DemoPorts = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : USUAL;
  if (runningAutoServe() !== undefined) return last;
  const own = await published(docker);
  const ports = {
    ingress: await firstFree([last.ingress, ...from(USUAL.ingress)], own),
    listen: await firstFree([last.listen, ...from(USUAL.listen)], own),
  };
  mkdirSync(DATA_DIR, { recursive: true, mode: 0o700 });
  writeFileSync(FILE, JSON.stringify(ports));
  return ports;
}

function from(port: number): number[] {
  return Array.from({ length: TRIED }, (_, index) => port + index);
}

/** The ports that the demo's containers hold: AutoServe takes over its ingress. */
async function published(docker: Docker): Promise<Set<number>> {
  const filters = { label: [`${INSTALLATION_LABEL}=${INSTALLATION}`] };
  const containers = await docker.listContainers({ filters });
  return new Set(containers.flatMap(({ Ports }) => Ports.map(({ PublicPort }) => PublicPort)));
}

async function firstFree(candidates: readonly number[], own: ReadonlySet<number>): Promise<number> {
  for (const port of candidates) if (own.has(port) || (await isFree(port))) return port;
  throw new Error(`none of the ports ${candidates.join(', ')} is free on 127.0.0.1`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
