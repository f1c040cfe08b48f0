// Showing a stream key. The server wants a password that was given lately; where it was not, somebody is asked for it.
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, api, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Me, StreamKey } from '@/api/types';
import { toastError } from '@/ui/toast';

/** As long as the server takes a password for recent. */
const RECENT_MS = 10 * 60_000;

interface Asking {
  /** Called with the key once the password was right, or with null when nobody wanted to. */
  done: (key: string | null) => void;
}

export function useReveal(streamKey: StreamKey | null) {
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking | null>(null);
  const ask = async (): Promise<string> => {
    if (!streamKey) throw new ApiError(404, null);
    return (await ok(api.POST('/stream-keys/{id}/reveal', { params: { path: { id: streamKey.id } } }))).key;
  };
  const reveal = async (): Promise<string | null> => {
    try {
      return await ask();
    } catch (error) {
      if (needsPassword(error, client.getQueryData<Me>(keys.me))) return new Promise((done) => setAsking({ done }));
      toastError('The key was not shown', error);
      return null;
    }
  };
  const confirm = async (password: string): Promise<void> => {
    const has = client.getQueryData<Me>(keys.me)?.user.password !== false;
    // Who came by a link has none to give, and sets one: whoever shows a key has a password from then on.
    if (has) await ok(api.POST('/me/confirm', { body: { password } }));
    else await ok(api.PATCH('/me', { body: { password } }));
    void client.invalidateQueries({ queryKey: keys.me });
    const key = await ask();
    asking?.done(key);
    setAsking(null);
  };
  const cancel = () => {
    asking?.done(null);
    setAsking(null);
  };
  return { reveal, asking: asking !== null, confirm, cancel };
}

/** A refusal that a password cures: the server says so, or the last one was given too long ago. */
export function needsPassword(error: unknown, me: Me | undefined, now = Date.now()): boolean {
  if (!(error instanceof ApiError) || error.status !== 403) return false;
  if (/password|confirm/.test(error.code)) return true;
  const at = me?.password_confirmed_at;
  return me?.via === 'session' && (!at || now - Date.parse(at) > RECENT_MS);
}
