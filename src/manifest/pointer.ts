/** JSON pointers (RFC 6901), by which the schema validator and the diagnostics name places in a document. */
export function childPointer(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

export function pointerParts(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function parentPointer(pointer: string): string {
  return pointer.slice(0, pointer.lastIndexOf('/'));
}

/** A pointer as people write it: `spec.ports[0].containerPort`; the root is `the document`. */
export function fieldPath(pointer: string): string {
  let path = '';
  for (const part of pointerParts(pointer)) {
    if (/^[0-9]+$/.test(part)) path += `[${part}]`;
    else if (/^[\w-]+$/.test(part)) path += path === '' ? part : `.${part}`;
    else path += `[${JSON.stringify(part)}]`;
  }
  return path === '' ? 'the document' : path;
}

/** The value at a pointer of plain data; undefined where there is none. */
export function valueAt(value: unknown, pointer: string): unknown {
  return pointerParts(pointer).reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, part)
        ? (inner as Record<string, unknown>)[part]
        : undefined,
    value,
  );
}
