/** Where Docker is from now on: its client reads this variable, with the ones for TLS beside it, as `docker` does. */
export function chooseDockerHost(host: string | null): void {
  if (host !== null) process.env['DOCKER_HOST'] = host;
}
