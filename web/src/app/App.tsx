// The whole: cache, event link, who is signed in, and the page for the address.
import { QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Toaster } from '@/ui/Toaster';
import { makeQueryClient } from './queryClient';
import { Routes } from './routes';

export function App() {
  const [client] = useState(makeQueryClient);
  return (
    <QueryClientProvider client={client}>
      <Routes />
      <Toaster />
      <ClearOnRestore />
    </QueryClientProvider>
  );
}

/** A page taken out of the browser's back-forward cache has missed what happened meanwhile. */
function ClearOnRestore() {
  const client = useQueryClient();
  useEffect(() => {
    const restored = (event: PageTransitionEvent) => event.persisted && void client.invalidateQueries();
    addEventListener('pageshow', restored);
    return () => removeEventListener('pageshow', restored);
  }, [client]);
  return null;
}
