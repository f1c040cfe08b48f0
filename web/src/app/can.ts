// What the person here may do now.
import { useSuspenseQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { meQuery } from '@/api/queries';
import { type LinkState, link } from '@/live/link';

export const useLink = (): LinkState => useSyncExternalStore(link.watch, link.state);

export interface Can {
  /** Change projects, destinations and keys. */
  operate: boolean;
  /** See and change people and the system. */
  administer: boolean;
  /** Whether a switch may be pressed: what is shown may be old while the server cannot be heard. */
  act: boolean;
}

export function useCan(): Can {
  const me = useSuspenseQuery(meQuery).data;
  const lost = useLink().status === 'lost';
  const operate = me?.user.role === 'admin' || me?.user.role === 'operator';
  return { operate, administer: me?.user.role === 'admin', act: operate && !lost };
}
