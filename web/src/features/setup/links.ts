// The one-time link in its forms: as a path, a query, or a fragment, which no proxy writes down.
import { useSyncExternalStore } from 'react';

export function linkFrom(path: string | undefined, search: string, hash: string): string {
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  const bare = /^#[\w.~-]{16,}$/.test(hash) ? hash.slice(1) : '';
  return path || query.get('link') || query.get('token') || fragment.get('link') || fragment.get('token') || bare || '';
}

/** The link of the address bar. Who pastes one where this page is open changes the fragment alone, and nothing is loaded anew. */
export function useLinkHere(path: string | undefined): string {
  const hash = useSyncExternalStore(watchFragment, () => window.location.hash);
  return linkFrom(path, window.location.search, hash);
}

function watchFragment(watcher: () => void): () => void {
  addEventListener('hashchange', watcher);
  return () => removeEventListener('hashchange', watcher);
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
