// The address as the pages know it: it becomes another one when what stands there is at hand, or has been waited for.
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useState } from 'react';
import { Router } from 'wouter';
import { navigate, usePathname } from 'wouter/use-browser-location';
import { early } from './early';

const Shown = createContext('/');

const useShown = (): [string, typeof navigate] => [useContext(Shown), navigate];

export function Address({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const path = usePathname();
  const [shown, show] = useState(path);
  useEffect(() => {
    let left = false;
    if (path !== shown) void early(client, path).then(() => !left && show(path));
    return () => {
      left = true;
    };
  }, [client, path, shown]);
  return (
    <Shown value={shown}>
      {/* oxlint-disable-next-line react/hooks -- that is how wouter is given one */}
      <Router hook={useShown}>{children}</Router>
    </Shown>
  );
}
