// The one-time link in its forms: as a path, a query, or a fragment, which no proxy writes down.
export function linkFrom(path: string | undefined, search: string, hash: string): string {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  const bare = /^#[\w.~-]{16,}$/.test(hash) ? hash.slice(1) : '';
  return path || query.get('link') || query.get('token') || fragment.get('link') || fragment.get('token') || bare || '';
}

/** Whether the link signs in by itself: it asks for nothing. */
export const signsIn = (link: string): boolean => link.startsWith('entry_');

/** Whether the link makes the first administrator: once there is one, it is used up. */
export const setsUp = (link: string): boolean => link.startsWith('setup_');

/** Where to go after the door: a path of ours and nothing else. */
export function nextFrom(search: string): string {
  const next = new URLSearchParams(search).get('next') ?? '/';
  return /^\/(?![/\\])/.test(next) ? next : '/';
}
