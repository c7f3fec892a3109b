/** How far the pull of an app's image is. It is said to those who listen, and kept nowhere. */
export interface PullNotice {
  appName: string;
  image: string;
  /** Of what is to be downloaded, 0 to 100; null while nobody knows how much that is. */
  percent: number | null;
}

/** The payload of a notification, beside those of rows that changed. */
export function textOfNotice({ appName, image, percent }: PullNotice): string {
  return JSON.stringify({ operation: 'pull', app_name: appName, image, percent });
}

/** Undefined for the notification of a row. */
export function noticeOf(payload: string): PullNotice | undefined {
  try {
    const said = JSON.parse(payload) as Record<string, unknown> | null;
    const { operation, app_name: appName, image, percent } = said ?? {};
    if (operation !== 'pull' || typeof appName !== 'string' || typeof image !== 'string') return undefined;
    return { appName, image, percent: typeof percent === 'number' ? percent : null };
  } catch {
    return undefined;
  }
}
