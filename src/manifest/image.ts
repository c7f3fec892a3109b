/** An image reference taken apart: `registry:5000/team/web:7@sha256:…`. */
export interface ImageReference {
  /** Registry and path as written. */
  name: string;
  tag: string | undefined;
  digest: string | undefined;
}

export function parseImage(image: string): ImageReference {
  const [reference = '', digest] = image.split('@', 2);
  const colon = reference.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  if (colon <= reference.lastIndexOf('/')) return { name: reference, tag: undefined, digest };
  return { name: reference.slice(0, colon), tag: reference.slice(colon + 1), digest };
}

/** The name with the registry and path that Docker assumes: `nginx` is `docker.io/library/nginx`. */
export function fullImageName(name: string): string {
  const slash = name.indexOf('/');
  if (slash === -1) return `docker.io/library/${name}`;
  const first = name.slice(0, slash);
  const isRegistry = first === 'localhost' || /[.:A-Z]/.test(first);
  return isRegistry ? name : `docker.io/${name}`;
}
