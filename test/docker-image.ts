import Docker from 'dockerode';
import { buildDemoImage } from '../scripts/demo-image.ts';

const TAG = '1';

/** Makes the image of the tests present, where no registry can be reached, and returns its name. */
export async function testImage(docker: Docker = new Docker()): Promise<string> {
  await buildDemoImage(docker, TAG);
  return `autoserve/demo-web:${TAG}`;
}
