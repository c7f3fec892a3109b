import type Docker from 'dockerode';

/** What a container has printed so far, stdout and stderr together. */
export async function outputOf(container: Docker.Container): Promise<string> {
  const frames = await container.logs({ stdout: true, stderr: true });
  let text = '';
  for (let at = 0; at < frames.length;) {
    const size = frames.readUInt32BE(at + 4);
    text += frames.toString('utf8', at + 8, at + 8 + size);
    at += 8 + size;
  }
  return text;
}

/** Waits until a container ends. */
export async function exitCodeOf(container: Docker.Container): Promise<number> {
  const exit: { StatusCode: number } = await container.wait();
  return exit.StatusCode;
}
