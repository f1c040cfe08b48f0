// What is inside is for somebody who is signed in. It also opens the event link, and closes it at the end.
import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { Redirect, useLocation } from 'wouter';
import { onSignedOut } from '@/api/client';
import { keys, meQuery, setupQuery } from '@/api/queries';
import { applyEvents } from '@/live/apply';
import { link } from '@/live/link';
import { samples } from '@/live/samples';
import { afterPaint } from '@/ui/afterPaint';
import { useStateVoice } from './voice';

export function SignedIn({ children }: { children: ReactNode }) {
  const me = useSuspenseQuery(meQuery).data;
  return me ? <Inside>{children}</Inside> : <Outside />;
}

/** Nobody is: to the first setup where there has been none, else to the door, and back here from there. */
function Outside() {
  const setup = useSuspenseQuery(setupQuery).data;
  const [location] = useLocation();
  if (setup.needed) return <Redirect to="/setup" replace />;
  const next = location === '/' ? '' : `?next=${encodeURIComponent(location)}`;
  return <Redirect to={`/sign-in${next}`} replace />;
}

function Inside({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  useEffect(() => {
    const leave = () => {
      samples.clear();
      client.setQueryData(keys.me, null);
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' && queryKey[0] !== 'setup' });
    };
    const offEvents = applyEvents(client);
    const offSignedOut = onSignedOut(leave);
    link.onSignedOut = leave;
    // It is told what happened since the page asked for its answers, so it need not run beside their drawing.
    let disconnect = () => {};
    const wait = afterPaint(() => (disconnect = link.connect()));
    return () => {
      wait();
      disconnect();
      offEvents();
      offSignedOut();
    };
  }, [client]);
  useStateVoice();
  return children;
}
